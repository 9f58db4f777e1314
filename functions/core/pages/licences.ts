/**
 * `/licences/l/TOKEN`, the link of a requested mail. GET shows the products. POST shows the serials; it changes something
 * only with the code that is typed from the same mail, which no scanner of mails types.
 */

import { toEmailKey, toMailbox } from '../mail/address.ts';
import { fill } from '../mail/sentences.ts';
import { reissueLines } from '../operator/issue.ts';
import { isInForce, toAt } from '../order/due.ts';
import type { Line, Order } from '../order/types.ts';
import {
  alert,
  choice,
  field,
  form,
  type Html,
  heading,
  hidden,
  html,
  type PageAnswer,
  page,
  type Reply,
  refuse,
  text,
} from './html.ts';
import { type Link, parseToken } from './links.ts';
import { isSameName, resembles } from './names.ts';
import { expiredLink, refuseName, serialsOf, unknownLink } from './order-pages.ts';
import { ordersOf, productNames } from './orders.ts';
import { askFor, askSeller, changeAndMail, refuseCode, storeRequest, type Visit } from './ports.ts';

/** Corrections by the buyer in the life of an order. */
const MOST_CORRECTIONS = 2;
const RENAME_MS = 30 * 24 * 3_600_000;
/** The audit entries of the buyer, by their reason. */
const [CORRECTION, RENAME] = ['correction', 'another name'];

export async function licencePage(visit: Visit, token: string): Promise<PageAnswer> {
  const { words, isPost, catalogue } = visit;
  const link = parseToken(await visit.keys(), token);
  if (link?.use === 'stop') return stopPage(visit, token, link);
  if (link?.use !== 'licences') return unknownLink(visit);
  if (link.until <= visit.now()) return expiredLink(visit, link.of);
  const title = fill(words.licences, { address: link.of });
  const orders = await ordersOf(visit.store, visit.keysOf, link.of);
  if (isPost) {
    const done = await changeWithCode(visit, token, link.of, orders);
    const present = done ? await ordersOf(visit.store, visit.keysOf, link.of) : orders;
    return page(visit, title, [...(done?.why ?? []), ...shown(visit, present)], done);
  }
  const products = orders.filter(isInForce).flatMap(({ lines }) => lines.map(({ product }) => product));
  const button = form([hidden('do', 'show')], words.show);
  return page(visit, title, [text(productNames(catalogue, products)), button]);
}

function shown(visit: Visit, orders: readonly Order[]): Html[] {
  const { words, catalogue, seller } = visit;
  const live = orders.filter(isInForce);
  const licences = live.flatMap((order) =>
    order.lines.flatMap((line) => {
      if (line.state !== 'issued') return [];
      const label = `${productNames(catalogue, [line.product])}: ${line.issued.licensee}`;
      return [[`${line.id} ${order.key}`, label] as const];
    }),
  );
  const section = (action: string, title: string, how: string, fields: readonly Html[], button: string) => [
    heading(title),
    text(fill(how, { seller: seller.name })),
    form([hidden('do', action), ...fields, field('code', words.code, { within: action })], button),
  ];
  const name = [choice('licence', words.licence, licences), field('name', words.newName, { within: 'name' })];
  const address = [field('address', words.newAddress, { type: 'email', within: 'address' })];
  const isOn = catalogue.pages?.corrections && licences.length > 0;
  return [
    ...serialsOf(visit, live),
    ...(isOn ? section('name', words.correct, words.correctHow, name, words.save) : []),
    ...section('address', words.move, words.moveHow, address, words.save),
    heading(words.kept),
    html`<pre>${orders.map(keptOf).join('\n\n')}</pre>`,
    ...section('erase', words.erase, words.eraseHow, [], words.eraseAsk),
  ];
}

/** All that is stored about the buyer, as text; the present serials are above. */
function keptOf({ key, receivedAt, buyer, lines, amount, sends, audit, raw }: Order): string {
  return [
    `${key} ${receivedAt} ${amount ? `${amount.value} ${amount.currency}` : ''}`.trim(),
    ...Object.entries(buyer).flatMap(([name, value]) => (value ? `${name}: ${value}` : [])),
    ...lines.map(({ sku, quantity, state }) => `${quantity} × ${sku}: ${state}`),
    ...lines.flatMap((line) =>
      line.state === 'issued' ? line.superseded.map(({ licensee, at }) => `${licensee} until ${at}`) : [],
    ),
    ...sends.flatMap((send) => (send.state === 'accepted' ? `${send.at} ${send.to} ${send.delivery}` : [])),
    ...audit.map(({ at, what }) => `${at} ${what}`),
    ...(raw ? [`notification: ${raw.body.byteLength} bytes`] : []),
  ].join('\n');
}

/** Returns undefined if nothing but the serials is asked for. */
async function changeWithCode(
  visit: Visit,
  token: string,
  from: string,
  orders: readonly Order[],
): Promise<Reply | undefined> {
  const { words, value } = visit;
  const action = value('do');
  if (!['name', 'address', 'erase'].includes(action)) return undefined;
  const refused = await refuseCode(visit, token);
  if (refused) return refused;
  if (action === 'name') return await correct(visit, from, orders);
  if (action === 'erase') {
    const [first] = orders;
    return first ? await askSeller(visit, first, { about: 'erasure', address: from }) : undefined;
  }
  const to = toMailbox(value('address'));
  if (!to || toEmailKey(to) === toEmailKey(from)) return refuse(words.badAddress);
  if (!(await askFor(visit, { about: 'told', address: from, to }))) return refuse(words.busy, 429);
  await storeRequest(visit, { about: 'move', address: from, to });
  return { status: 200, why: [alert(words.moveHow)] };
}

async function correct(visit: Visit, address: string, orders: readonly Order[]): Promise<Reply> {
  const { words, value, catalogue, now } = visit;
  const name = value('name');
  const [, id, key] = /^(\d+) (.+)$/.exec(value('licence')) ?? [];
  const found = orders.find((order) => order.key === key && isInForce(order));
  const line = found?.lines.find((one) => one.id === Number(id));
  if (!catalogue.pages?.corrections || !found || line?.state !== 'issued') return refuse(words.noPage, 404);
  const fault = refuseName(visit, name, [line.product]);
  if (fault) return fault;
  const { licensee } = line.issued;
  const isChosen = (one: Line) => one.state === 'issued' && one.issued.licensee === licensee;
  let isSame = false;
  const { changed } = await changeAndMail(visit, found, (order, inputs) => {
    const why = reasonFor(visit, order, licensee, name);
    const by = { who: 'buyer', why: why ?? CORRECTION };
    const next = reissueLines(inputs, order, { name, isChosen }, by, now());
    isSame = next === 'unchanged';
    return why !== undefined && typeof next === 'object' && !('why' in next) ? next : undefined;
  });
  if (changed) return { status: 200, why: [alert(words.corrected)] };
  if (isSame) return refuse(words.sameName);
  return await askSeller(visit, found, { about: 'rename', address, order: found.key, name });
}

/** Returns why the buyer may have a serial for this name without the seller; undefined if only the seller can decide. */
function reasonFor(
  { catalogue, now }: Visit,
  { audit, buyer, paidAt, renewedAt, receivedAt }: Order,
  licensee: string,
  name: string,
): string | undefined {
  const count = (reason?: string) => audit.filter(({ who, why }) => who === 'buyer' && why === reason).length;
  const names = [buyer.name, buyer.company, buyer.registration];
  const isSmall = resembles(licensee, name) || names.some((one) => one && isSameName(one, name));
  if (isSmall && count(CORRECTION) < MOST_CORRECTIONS) return CORRECTION;
  const isEarly = now() - Date.parse(paidAt ?? renewedAt ?? receivedAt) < RENAME_MS;
  return catalogue.pages?.rename && isEarly && count(RENAME) === 0 ? RENAME : undefined;
}

/** Stops a move within 24 hours; the link is in the mail to the old address. */
async function stopPage(visit: Visit, token: string, link: Link): Promise<PageAnswer> {
  const { words, store, now } = visit;
  const item = await store.get(link.of);
  if (item?.kind !== 'request' || item.about !== 'move' || item.step === 'stopped' || link.until <= now())
    return page(visit, words.overLink, [], { status: 410 });
  const refused = visit.isPost ? await refuseCode(visit, token) : undefined;
  if (!visit.isPost || refused) {
    const body = [...(refused?.why ?? []), form([field('code', words.code)], words.stop)];
    return page(visit, words.stop, body, refused);
  }
  const stopped = { ...item, version: item.version + 1, step: 'stopped', until: toAt(now()) } as const;
  const inTheWay = await store.put(stopped, item.version);
  const [why, status] = inTheWay ? [words.overLink, 409] : [words.stopped, 200];
  return page(visit, words.stop, [text(why)], { status });
}
