/** Redeems claim codes. A redeemed code is an ordinary order; its put, which fails if the code is redeemed, decides who has it. */
import { toEmailKey, toMailbox } from '../mail/address.ts';
import { deliver } from '../mail/deliver.ts';
import { fill } from '../mail/sentences.ts';
import { issueManually } from '../operator/issue.ts';
import { isInForce, toAt } from '../order/due.ts';
import { start } from '../order/sends.ts';
import { type Batch, type Item, keyOf, type Order } from '../order/types.ts';
import { type SerialInputs, serialInputs } from '../serial/lines.ts';
import { batchKey, parseCode } from './codes.ts';
import { field, form, hidden, type PageAnswer, page, type Reply, refuse, text } from './html.ts';
import { networkOf } from './limits.ts';
import { refuseName, serialsOf } from './order-pages.ts';
import { productNames } from './orders.ts';
import { isWithin, type Visit } from './ports.ts';

export const codeOrderKey = ({ name }: Batch, n: number): string => keyOf('codes', false, `${name}-${n}`);

export async function claimPage(visit: Visit): Promise<PageAnswer> {
  const { words, value } = visit;
  const address = value('address') || value('email');
  const result = visit.isPost ? await redeem(visit, address) : undefined;
  if (result && 'key' in result) {
    const to = fill(words.mailedTo, { address: result.buyer.email ?? '' });
    return page(visit, words.claim, [...serialsOf(visit, [result]), text(to)]);
  }
  const fields = [
    field('code', words.mailCode, { value: value('code') }),
    field('name', words.claimName, { autocomplete: 'name', value: value('name') }),
    field('address', words.address, { type: 'email', autocomplete: 'email', value: address }),
    // A link to this page may name the product that it is for.
    ...(value('product') ? [hidden('product', value('product'))] : []),
  ];
  const body = [...(result?.why ?? []), form(fields, words.claimButton, '/claim')];
  return page(visit, words.claim, body, result);
}

async function redeem(visit: Visit, typed: string): Promise<Order | Reply> {
  const { words, value, store, catalogue } = visit;
  const email = toMailbox(typed);
  if (!email) return refuse(words.badAddress);
  const number = parseCode(await visit.keys(), value('code'));
  // A network that guesses is refused even if it finds a code.
  const [isBelow, batch] = await Promise.all([
    isWithin(visit, 'wrong codes of a network', networkOf(visit.client), number ? 0 : 1),
    number && store.get(batchKey(number.batch)),
  ]);
  if (!isBelow) return refuse(words.busy, 429);
  if (!number || batch?.kind !== 'batch' || number.n >= batch.count) return refuse(words.unknownCode, 404);
  const key = codeOrderKey(batch, number.n);
  const known = await store.get(key);
  if (known) return redeemed(visit, known, email);
  const { products, stopped, until } = batch;
  if (stopped) return refuse(words.stoppedCode, 410);
  if (until !== undefined && toAt(visit.now()).slice(0, 10) > until)
    return refuse(fill(words.expiredCode, { until }), 410);
  if (value('product') && !products.includes(value('product')))
    return refuse(fill(words.otherCode, { products: productNames(catalogue, products) }), 409);
  const fault = refuseName(visit, value('name'), products);
  if (fault) return fault;
  if (!(await isWithin(visit, 'claims of a batch', batch.key))) return refuse(words.busy, 429);
  const gift = { id: `${batch.name}-${number.n}`, products, name: value('name'), email };
  const made = await makeOrder(visit, gift);
  const started = made && start(made, visit.now());
  const order = made && { ...(started?.order ?? made), version: 1 };
  // Another request with this code may have been faster.
  const inTheWay = await (order ? store.put(order, undefined) : store.get(key));
  if (inTheWay) return redeemed(visit, inTheWay, email);
  if (!order) return refuse(fill(words.failed, { seller: catalogue.seller.name }), 503);
  visit.report('order_recorded', { order: key });
  if (started?.send) await deliver(visit, { order, send: started.send });
  return order;
}

/** The same person gets the same serial again. */
function redeemed({ words }: Visit, item: Item, address: string): Order | Reply {
  if (item.kind !== 'order') return refuse(words.revokedCode, 410);
  const isSame = isInForce(item) && toEmailKey(item.buyer.email ?? '') === toEmailKey(address);
  return isSame ? item : refuse(words.usedCode, 409);
}

/** Undefined if a product is no longer sold, or its serial cannot be made now. */
async function makeOrder(
  visit: Visit,
  gift: Pick<Parameters<typeof issueManually>[1], 'id' | 'products' | 'name' | 'email'>,
): Promise<Order | undefined> {
  const wanted = { ...gift, provider: 'codes', quantity: 1, locale: visit.language };
  const by = { who: 'buyer', why: 'claim code' };
  const at = visit.now();
  const make = (inputs: SerialInputs) => issueManually(inputs, wanted, by, at);
  const made = make(await serialInputs(visit, make));
  return typeof made === 'string' ? undefined : made;
}
