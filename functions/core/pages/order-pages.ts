/** The pages of one order: the name that it lacks, and the serial right after the payment; and what all pages show of an order. */
import { type Catalogue, ownerOf } from '../catalogue/catalogue.ts';
import type { HeldReason } from '../inbound/event.ts';
import { fill } from '../mail/sentences.ts';
import { releaseOrder } from '../operator/release.ts';
import { isInForce } from '../order/due.ts';
import { keyOf } from '../order/keys.ts';
import { orderAt } from '../order/record.ts';
import type { Order } from '../order/types.ts';
import { fetchAnswers, findProduct } from '../serial/lines.ts';
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
  type Reader,
  text,
} from './html.ts';
import { isWithin, networkOf } from './limits.ts';
import { parseToken } from './links.ts';
import { nearestSpelling } from './names.ts';
import { askFor, changeAndMail, type PageRequest, type Pages } from './ports.ts';

export const productNames = (catalogue: Catalogue, ids: readonly (string | null)[]): string =>
  ids
    .map((id) => findProduct(catalogue, id)?.name ?? id ?? '')
    .filter(Boolean)
    .join(', ');

/** The product, the name and the serial of each line that has a serial. */
export const serialsOf = ({ catalogue }: Pages, { words }: Reader, orders: readonly Order[]): Html[] =>
  orders.flatMap(({ lines }) =>
    lines.flatMap((line) =>
      line.state === 'issued'
        ? [
            heading(productNames(catalogue, [line.product])),
            copyable(words.name, line.issued.licensee),
            copyable(words.serial, line.issued.serial),
          ]
        : [],
    ),
  );

/** Says why a name cannot be the licensee of all these profiles, and offers the nearest spelling that can. */
export function nameFault(
  { words }: Reader,
  name: string,
  profiles: readonly NameOptions[],
): Html[] | undefined {
  for (const profile of profiles) {
    const found = licenseeOf(name, profile);
    if ('licensee' in found) continue;
    const why = { no_name: words.noName, name_too_long: words.longName, unmappable_name: words.badName };
    const near = found.held === 'unmappable_name' ? nearestSpelling(name, profile) : undefined;
    return [alert(why[found.held]), ...(near ? [text(fill(words.near, { name: near }))] : [])];
  }
  return undefined;
}

/** A link that is not genuine, or one that has expired: the button of the latter asks for a new one. */
export function deadLink(reader: Reader, isGenuine: boolean): PageAnswer {
  const { words } = reader;
  if (!isGenuine) return page(reader, words.noPage, [text(words.badLink)], { status: 404 });
  return page(reader, words.overLink, [form([hidden('do', 'again')], words.again)], { status: 410 });
}

/** Answers the button of an expired link, which anybody with the link may press: the mail goes to the address of the order. */
export async function sendAgain(
  pages: Pages,
  reader: Reader,
  { client }: PageRequest,
  address: string,
): Promise<PageAnswer> {
  await askFor(pages, client, { about: 'lost', address, locale: reader.language });
  return page(reader, reader.words.sent, [], { status: 303, location: '/licences/sent' });
}

const NAME_REASONS: readonly HeldReason[] = ['no_name', 'unmappable_name', 'name_too_long'];

const lacksName = (order: Order): boolean =>
  isInForce(order) && order.lines.some((line) => line.state === 'held' && NAME_REASONS.includes(line.reason));

/** `/licences/name/TOKEN`: the buyer types the name of an order that is held for it, which releases the order. */
export async function namePage(
  pages: Pages,
  reader: Reader,
  request: PageRequest,
  token: string,
): Promise<PageAnswer> {
  const { words } = reader;
  const link = parseToken(pages.keys, token);
  if (link?.use !== 'name' || !pages.catalogue.pages?.corrections) return deadLink(reader, false);
  const order = await orderAt(pages.store, link.of);
  if (!order || !lacksName(order)) return page(reader, words.nameFor, [text(words.hasName)]);
  const isPost = request.method === 'POST';
  if (link.until <= pages.now()) {
    const { email } = order.buyer;
    return isPost && email ? sendAgain(pages, reader, request, email) : deadLink(reader, true);
  }
  const name = request.form.get('name')?.trim() ?? '';
  const held = order.lines.filter((line) => line.state === 'held' && NAME_REASONS.includes(line.reason));
  const products = held.map(({ product }) => findProduct(pages.catalogue, product));
  const fault = isPost
    ? nameFault(
        reader,
        name,
        products.flatMap((product) => product?.serial ?? []),
      )
    : undefined;
  if (isPost && !fault) {
    await release(pages, order, name);
    return page(reader, words.nameFor, [text(words.named)]);
  }
  const how = fill(words.nameHow, {
    products: productNames(
      pages.catalogue,
      held.map(({ product }) => product),
    ),
  });
  const fields = [field('name', words.name, { autocomplete: 'name', value: name })];
  return page(reader, words.nameFor, [...(fault ?? []), text(how), form(fields, words.save)], {
    status: fault ? 400 : 200,
  });
}

async function release(pages: Pages, found: Order, name: string): Promise<void> {
  const { catalogue, generate, now } = pages;
  const keys = await pages.productKeys();
  const by = { who: 'buyer', why: 'name' };
  const corrections = { name, products: new Map<string, string>() };
  const answers = await fetchAnswers(generate, (some) =>
    releaseOrder({ catalogue, keys, answers: some }, found, corrections, undefined, by, now()),
  );
  await changeAndMail(pages, found, (order) => {
    if (!lacksName(order)) return undefined;
    const next = releaseOrder({ catalogue, keys, answers }, order, corrections, undefined, by, now());
    return typeof next === 'string' ? undefined : next;
  });
}

const HOUR_MS = 3_600_000;

/** `/licences/order/PROVIDER/ID`: where a store sends the buyer after the payment. Works for IDs that cannot be guessed. */
export async function orderPage(
  pages: Pages,
  reader: Reader,
  request: PageRequest,
  [provider, id]: readonly [string, string],
): Promise<PageAnswer> {
  const { words } = reader;
  const { catalogue, redirectIds } = pages;
  const settings = Object.hasOwn(catalogue.providers, provider) ? catalogue.providers[provider] : undefined;
  const kind = settings?.as ?? provider;
  if (!settings || !Object.hasOwn(redirectIds, kind) || !redirectIds[kind]?.test(id))
    return page(reader, words.noPage, [], { status: 404 });
  const button = form([], words.show);
  if (request.method === 'GET') return page(reader, words.order, [button]);
  if (!(await isWithin(pages, 'wrong codes of a network', networkOf(request.client), 0)))
    return page(reader, words.order, [alert(words.busy)], { status: 429 });
  const owner = ownerOf(catalogue, provider);
  const order =
    (await orderAt(pages.store, keyOf(owner, false, id))) ??
    (await orderAt(pages.store, keyOf(owner, true, id)));
  if (!order || !isInForce(order)) {
    // The page may be open before the notification arrives; a stranger who tries IDs is stopped by the limit.
    await isWithin(pages, 'wrong codes of a network', networkOf(request.client));
    return page(reader, words.order, [text(words.orderWait), button]);
  }
  if (pages.now() - Date.parse(order.paidAt ?? order.renewedAt ?? order.receivedAt) > HOUR_MS)
    return page(reader, words.order, [text(words.orderOver)], { status: 410 });
  const serials = serialsOf(pages, reader, [order]);
  const to = fill(words.mailedTo, { address: order.buyer.email ?? '' });
  const held = order.heldAt ? [text(fill(words.held, { seller: catalogue.seller.name }))] : [];
  return page(
    reader,
    words.order,
    serials.length > 0 ? [...serials, text(to), ...held] : [text(words.orderWait), ...held, button],
  );
}
