/** The pages of one order: the name that it lacks, and the serial right after the payment; and what all pages show of an order. */
import { findProduct, ownerOf } from '../catalogue/catalogue.ts';
import { toMailbox } from '../mail/address.ts';
import { fill } from '../mail/sentences.ts';
import { releaseOrder } from '../operator/release.ts';
import { orderAt } from '../order/change.ts';
import { isInForce, lacksAddress, lacksName } from '../order/due.ts';
import { keyOf, type Order } from '../order/types.ts';
import { licenseeOf, type NameOptions } from '../serial/name.ts';
import {
  alert,
  copyable,
  field,
  form,
  type Html,
  heading,
  hidden,
  type PageAnswer,
  page,
  type Reply,
  text,
} from './html.ts';
import { networkOf } from './limits.ts';
import { parseToken } from './links.ts';
import { nearestSpelling } from './names.ts';
import { heldProducts, issuedLines, productNames } from './orders.ts';
import { askForMail, changeAndMail, isWithin, type Visit } from './ports.ts';

/** The product, the name and the serial of each line that has a serial. */
export const serialsOf = ({ catalogue, words }: Visit, orders: readonly Order[]): Html[] =>
  issuedLines(orders).flatMap(({ product, issued }) => [
    heading(productNames(catalogue, [product])),
    copyable(words.name, issued.licensee),
    copyable(words.serial, issued.serial),
  ]);

/** Says why a name cannot be the licensee of all these products, and offers the nearest spelling that can. */
export function refuseName(
  { words, catalogue }: Visit,
  name: string,
  products: readonly string[],
): Reply | undefined {
  const why = { no_name: words.noName, name_too_long: words.longName, unmappable_name: words.badName };
  const profiles: readonly NameOptions[] = products.flatMap((id) => findProduct(catalogue, id)?.serial ?? []);
  for (const profile of profiles) {
    const found = licenseeOf(name, profile);
    if ('licensee' in found) continue;
    const near = found.held === 'unmappable_name' ? nearestSpelling(name, profile) : undefined;
    return {
      status: 400,
      why: [alert(why[found.held]), ...(near ? [text(fill(words.near, { name: near }))] : [])],
    };
  }
  return undefined;
}

export const unknownLink = (visit: Visit): PageAnswer =>
  page(visit, visit.words.noPage, [text(visit.words.badLink)], { status: 404 });

/** An expired link has a button for a new one. Anybody with the link may press it: the mail goes to the address of the order. */
export const expiredLink = async (visit: Visit, address: string | undefined): Promise<PageAnswer> =>
  visit.isPost && address
    ? await askForMail(visit, { about: 'lost', address })
    : page(visit, visit.words.overLink, [form([hidden('do', 'again')], visit.words.again)], { status: 410 });

/** `/licences/name/TOKEN`: the buyer types the name of an order that is held for it, which releases the order. */
export async function namePage(visit: Visit, token: string): Promise<PageAnswer> {
  const { words, isPost, catalogue } = visit;
  const link = parseToken(await visit.keys(), token);
  if (link?.use !== 'name' || !catalogue.pages?.corrections) return unknownLink(visit);
  const order = await orderAt(visit.store, link.of);
  if (!order || !lacksName(order)) return page(visit, words.nameFor, [text(words.hasName)]);
  if (link.until <= visit.now()) return expiredLink(visit, order.buyer.email);
  const name = isPost ? visit.value('name') : '';
  const ids = heldProducts(order);
  const fault = isPost ? refuseName(visit, name, ids) : undefined;
  if (isPost && !fault) {
    await release(visit, order, { name }, lacksName);
    return page(visit, words.nameFor, [text(words.named)]);
  }
  const how = fill(words.nameHow, { products: productNames(catalogue, ids) });
  const fields = [field('name', words.name, { autocomplete: 'name', value: name })];
  return page(visit, words.nameFor, [...(fault?.why ?? []), text(how), form(fields, words.save)], fault);
}

/** Releases an order with what its buyer types, unless it is not held for this any more. */
async function release(
  visit: Visit,
  found: Order,
  typed: { readonly name?: string; readonly email?: string },
  isOpen: (order: Order) => boolean,
): Promise<Order> {
  const by = { who: 'buyer', why: typed.email ? 'address' : 'name' };
  const corrections = { ...typed, products: new Map<string, string>() };
  const { order } = await changeAndMail(visit, found, (present, inputs) => {
    if (!isOpen(present)) return undefined;
    const next = releaseOrder(inputs, present, corrections, undefined, by, visit.now());
    return typeof next === 'string' ? undefined : next;
  });
  return order;
}

const HOUR_MS = 3_600_000;

/** `/licences/order/PROVIDER/ID`: where a store sends the buyer after the payment. Works for IDs that cannot be guessed. */
export async function orderPage(visit: Visit, provider: string, id: string): Promise<PageAnswer> {
  const { words, catalogue, redirectIds, store } = visit;
  const settings = Object.hasOwn(catalogue.providers, provider) ? catalogue.providers[provider] : undefined;
  const kind = settings?.as ?? provider;
  if (!settings || !Object.hasOwn(redirectIds, kind) || !redirectIds[kind]?.test(id))
    return page(visit, words.noPage, [], { status: 404 });
  const button = form([], words.show);
  if (!visit.isPost) return page(visit, words.order, [button]);
  const limit = ['wrong codes of a network', networkOf(visit.client)] as const;
  if (!(await isWithin(visit, ...limit, 0)))
    return page(visit, words.order, [alert(words.busy)], { status: 429 });
  const owner = ownerOf(catalogue, provider);
  const order =
    (await orderAt(store, keyOf(owner, false, id))) ?? (await orderAt(store, keyOf(owner, true, id)));
  if (!order || !isInForce(order)) {
    // The page may be open before the notification arrives; a stranger who tries IDs is stopped by the limit.
    await isWithin(visit, ...limit);
    return page(visit, words.order, [text(words.orderWait), button]);
  }
  if (visit.now() - Date.parse(order.paidAt ?? order.renewedAt ?? order.receivedAt) > HOUR_MS)
    return page(visit, words.order, [text(words.orderOver)], { status: 410 });
  const typed = toMailbox(visit.value('address'));
  const isOpen = (one: Order) => catalogue.pages?.corrections === true && lacksAddress(one);
  const present = typed && isOpen(order) ? await release(visit, order, { email: typed }, isOpen) : order;
  const { email = '' } = present.buyer;
  const serials = serialsOf(visit, [present]);
  const held = present.heldAt ? [text(fill(words.held, { seller: catalogue.seller.name }))] : [];
  const mailed = text(fill(words.mailedTo, { address: email }));
  const address = field('address', words.newAddress, { type: 'email', autocomplete: 'email' });
  if (isOpen(present)) {
    const why = alert(fill(words.unreachable, { address: email }));
    return page(visit, words.order, [...serials, why, form([address], words.save)]);
  }
  return page(
    visit,
    words.order,
    serials.length > 0 ? [...serials, mailed, ...held] : [text(words.orderWait), ...held, button],
  );
}
