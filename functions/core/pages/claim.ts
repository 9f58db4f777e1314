/** Redeems claim codes. A redeemed code is an ordinary order; its put, which fails if the code is redeemed, decides who has it. */
import { toEmailKey, toMailbox } from '../mail/address.ts';
import { deliver } from '../mail/deliver.ts';
import { fill } from '../mail/sentences.ts';
import { issueManually } from '../operator/issue.ts';
import { isInForce, toAt } from '../order/due.ts';
import { keyOf } from '../order/keys.ts';
import { start } from '../order/sends.ts';
import type { Batch, Item, Order } from '../order/types.ts';
import { fetchAnswers, findProduct } from '../serial/lines.ts';
import { batchKey, parseCode } from './codes.ts';
import { alert, field, form, type Html, hidden, type PageAnswer, page, type Reader, text } from './html.ts';
import { isWithin, networkOf } from './limits.ts';
import { nameFault, productNames, serialsOf } from './order-pages.ts';
import type { PageRequest, Pages } from './ports.ts';

export const codeOrderKey = ({ name }: Batch, n: number): string => keyOf('codes', false, `${name}-${n}`);

interface Claim {
  readonly code: string;
  readonly name: string;
  readonly address: string;
  /** The product that the link to this page names; empty if the link names none. */
  readonly product: string;
}

export async function claimPage(pages: Pages, reader: Reader, request: PageRequest): Promise<PageAnswer> {
  const { words } = reader;
  const isPost = request.method === 'POST';
  const from = isPost ? request.form : request.query;
  const value = (name: string) => from.get(name)?.trim() ?? '';
  const claim: Claim = {
    ...{ code: value('code'), name: value('name'), product: value('product') },
    address: value('address') || value('email'),
  };
  const result = isPost ? await redeem(pages, reader, request, claim) : undefined;
  if (result && 'order' in result) {
    const { order } = result;
    const to = fill(words.mailedTo, { address: order.buyer.email ?? '' });
    return page(reader, words.claim, [...serialsOf(pages, reader, [order]), text(to)]);
  }
  const fields = [
    field('code', words.claimCode, { value: claim.code }),
    field('name', words.claimName, { autocomplete: 'name', value: claim.name }),
    field('address', words.address, { type: 'email', autocomplete: 'email', value: claim.address }),
    ...(claim.product ? [hidden('product', claim.product)] : []),
  ];
  const refused = result ? { status: result.status } : {};
  return page(
    reader,
    words.claim,
    [...(result?.why ?? []), form(fields, words.claimButton, '/claim')],
    refused,
  );
}

type Refused = { readonly status: number; readonly why: readonly Html[] };

async function redeem(
  pages: Pages,
  reader: Reader,
  { client }: PageRequest,
  claim: Claim,
): Promise<{ readonly order: Order } | Refused> {
  const { words } = reader;
  const refuse = (why: string, status = 400): Refused => ({ status, why: [alert(why)] });
  const address = toMailbox(claim.address);
  if (!address) return refuse(words.badAddress);
  const number = parseCode(pages.keys, claim.code);
  // A network that guesses is refused even if it finds a code.
  const [isBelow, item] = await Promise.all([
    isWithin(pages, 'wrong codes of a network', networkOf(client), number ? 0 : 1),
    number && pages.store.get(batchKey(number.batch)),
  ]);
  if (!isBelow) return refuse(words.busy, 429);
  if (!number || item?.kind !== 'batch' || number.n >= item.count) return refuse(words.unknownCode, 404);
  const [batch, { n }] = [item, number];
  const products = productNames(pages.catalogue, batch.products);
  const isOver = batch.until !== undefined && toAt(pages.now()).slice(0, 10) > batch.until;
  const known = batch.stopped || isOver ? await pages.store.get(codeOrderKey(batch, n)) : undefined;
  if (known) return redeemed(reader, known, address);
  if (batch.stopped) return refuse(words.stoppedCode, 410);
  if (isOver) return refuse(fill(words.expiredCode, { until: batch.until ?? '' }), 410);
  if (claim.product && !batch.products.includes(claim.product))
    return refuse(fill(words.otherCode, { products }), 409);
  const profiles = batch.products.flatMap((id) => findProduct(pages.catalogue, id)?.serial ?? []);
  const fault = nameFault(reader, claim.name, profiles);
  if (fault) return { status: 400, why: fault };
  if (!(await isWithin(pages, 'claims of a batch', batch.key))) return refuse(words.busy, 429);
  const made = await makeOrder(pages, batch, n, {
    name: claim.name,
    email: address,
    locale: reader.language,
  });
  if (!made) return refuse(fill(words.failed, { seller: pages.catalogue.seller.name }), 503);
  const started = start(made, pages.now());
  const order = { ...(started?.order ?? made), version: 1 };
  const inTheWay = await pages.store.put(order, undefined);
  if (inTheWay) return redeemed(reader, inTheWay, address);
  pages.report('order_recorded', { order: order.key });
  if (started?.send) await deliver(pages, { order, send: started.send });
  return { order };
}

/** The same person gets the same serial again. */
function redeemed({ words }: Reader, item: Item, address: string): { readonly order: Order } | Refused {
  if (item.kind !== 'order') return { status: 410, why: [alert(words.revokedCode)] };
  const isSame = isInForce(item) && toEmailKey(item.buyer.email ?? '') === toEmailKey(address);
  return isSame ? { order: item } : { status: 409, why: [alert(words.usedCode)] };
}

/** Undefined if a product is no longer sold, or its serial cannot be made now. */
async function makeOrder(
  { catalogue, productKeys, generate, now }: Pages,
  batch: Batch,
  n: number,
  buyer: { readonly name: string; readonly email: string; readonly locale: string },
): Promise<Order | undefined> {
  const keys = await productKeys();
  const gift = {
    id: `${batch.name}-${n}`,
    provider: 'codes',
    products: batch.products,
    quantity: 1,
    ...buyer,
  };
  const by = { who: 'buyer', why: 'claim code' };
  const at = now();
  const answers = await fetchAnswers(generate, (some) =>
    issueManually({ catalogue, keys, answers: some }, gift, by, at),
  );
  const made = issueManually({ catalogue, keys, answers }, gift, by, at);
  return typeof made === 'string' ? undefined : made;
}
