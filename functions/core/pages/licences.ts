/**
 * `/licences/l/TOKEN`, the link of a requested mail. GET shows the products. POST shows the serials; it changes something
 * only with the code that is typed from the same mail, which no scanner of mails types.
 */

import { toEmailKey, toMailbox } from '../mail/address.ts';
import { fill } from '../mail/sentences.ts';
import { reissueLines } from '../operator/reissue.ts';
import { isInForce, toAt } from '../order/due.ts';
import { withAudit } from '../order/manual.ts';
import { change } from '../order/record.ts';
import type { Line, Order } from '../order/types.ts';
import { fetchAnswers, findProduct } from '../serial/lines.ts';
import { isTypedCode } from './codes.ts';
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
  type Reader,
  text,
} from './html.ts';
import { isWithin } from './limits.ts';
import { type Link, parseToken } from './links.ts';
import { isSameName, resembles } from './names.ts';
import { deadLink, nameFault, productNames, sendAgain, serialsOf } from './order-pages.ts';
import { askFor, changeAndMail, ordersOf, type PageRequest, type Pages, storeRequest } from './ports.ts';

/** Corrections by the buyer in the life of an order. */
const MOST_CORRECTIONS = 2;
const RENAME_MS = 30 * 24 * 3_600_000;
/** The audit entries of the buyer, by their reason. */
const [CORRECTION, RENAME] = ['correction', 'another name'];

export async function licencePage(
  pages: Pages,
  reader: Reader,
  request: PageRequest,
  token: string,
): Promise<PageAnswer> {
  const link = parseToken(pages.keys, token);
  const isPost = request.method === 'POST';
  if (link?.use === 'stop') return stopPage(pages, reader, isPost, link);
  if (link?.use !== 'licences') return deadLink(reader, false);
  if (link.until <= pages.now())
    return isPost ? sendAgain(pages, reader, request, link.of) : deadLink(reader, true);
  const { words, seller } = reader;
  const orders = (await ordersOf(pages, link.of)).filter(isInForce);
  const title = fill(words.licences, { address: link.of });
  if (!isPost) {
    const names = productNames(
      pages.catalogue,
      orders.flatMap(({ lines }) => lines.map(({ product }) => product)),
    );
    return page(reader, title, [text(names), form([hidden('do', 'show')], words.show)]);
  }
  const action = request.form.get('do');
  const isChange = action === 'name' || action === 'address' || action === 'erase';
  const done = isChange ? await changeWithCode(pages, reader, request, { link, token, orders }) : undefined;
  const present = done ? (await ordersOf(pages, link.of)).filter(isInForce) : orders;
  return page(reader, title, [...(done?.why ?? []), ...shown(pages, reader, present, seller.name)], {
    status: done?.status ?? 200,
  });
}

function shown(pages: Pages, reader: Reader, orders: readonly Order[], seller: string): Html[] {
  const { words } = reader;
  const licences = orders.flatMap((order) =>
    order.lines.flatMap((line) => {
      if (line.state !== 'issued') return [];
      const label = `${productNames(pages.catalogue, [line.product])}: ${line.issued.licensee}`;
      return [[`${line.id} ${order.key}`, label] as const];
    }),
  );
  const section = (action: string, title: string, how: string, fields: readonly Html[], button: string) => [
    heading(title),
    text(fill(how, { seller })),
    form([hidden('do', action), ...fields, field('code', words.code, { within: action })], button),
  ];
  const isOn = pages.catalogue.pages?.corrections && licences.length > 0;
  return [
    ...serialsOf(pages, reader, orders),
    ...(isOn
      ? section(
          'name',
          words.correct,
          words.correctHow,
          [choice('licence', words.licence, licences), field('name', words.newName, { within: 'name' })],
          words.save,
        )
      : []),
    ...section(
      'address',
      words.move,
      words.moveHow,
      [field('address', words.newAddress, { type: 'email', within: 'address' })],
      words.save,
    ),
    heading(words.kept),
    html`<pre>${orders.map(keptOf).join('\n\n')}</pre>`,
    ...section('erase', words.erase, words.eraseHow, [], words.eraseAsk),
  ];
}

/** All that is stored about the buyer, as text; the serials are above. */
function keptOf({ key, receivedAt, buyer, lines, amount, sends, audit }: Order): string {
  const facts = Object.entries(buyer).flatMap(([name, value]) => (value ? `${name}: ${value}` : []));
  const mails = sends.flatMap((send) =>
    send.state === 'accepted' ? `${send.at} ${send.to} ${send.delivery}` : [],
  );
  return [
    `${key} ${receivedAt} ${amount ? `${amount.value} ${amount.currency}` : ''}`.trim(),
    ...facts,
    ...lines.map(({ sku, quantity, state }) => `${quantity} × ${sku}: ${state}`),
    ...mails,
    ...audit.map(({ at, what }) => `${at} ${what}`),
  ].join('\n');
}

interface Opened {
  readonly link: Link;
  readonly token: string;
  readonly orders: readonly Order[];
}

interface Done {
  readonly status: number;
  readonly why: readonly Html[];
}

async function changeWithCode(
  pages: Pages,
  reader: Reader,
  request: PageRequest,
  opened: Opened,
): Promise<Done> {
  const { words, seller } = reader;
  const { link, token, orders } = opened;
  const typed = request.form.get('code')?.trim();
  // A scanner of mails posts the form empty. That must not use up the buyer's tries.
  if (!typed) return refuse(words.badCode, 403);
  const isRight = isTypedCode(pages.keys, token, typed);
  const isBelow = await isWithin(pages, 'wrong codes for a link', token, isRight ? 0 : 1);
  if (!isRight || !isBelow) return refuse(words.badCode, 403);
  const wanted = { address: link.of, locale: reader.language };
  const held = { status: 200, why: [alert(fill(words.held, { seller: seller.name }))] };
  switch (request.form.get('do')) {
    case 'name':
      return correct(pages, reader, request.form, opened);
    case 'address': {
      const to = toMailbox(request.form.get('address') ?? '');
      if (!to || toEmailKey(to) === toEmailKey(link.of)) return refuse(words.badAddress);
      if (!(await askFor(pages, request.client, { ...wanted, about: 'told', to })))
        return refuse(words.busy, 429);
      await storeRequest(pages, { ...wanted, about: 'move', to });
      return { status: 200, why: [alert(words.moveHow)] };
    }
    default: {
      const [first] = orders;
      if (!first || !(await askFor(pages, request.client, { ...wanted, about: 'erasure' })))
        return refuse(words.busy, 429);
      await noteRequest(pages, first, 'erasure');
      return held;
    }
  }
}

const refuse = (why: string, status = 400): Done => ({ status, why: [alert(why)] });

async function correct(
  pages: Pages,
  reader: Reader,
  form: URLSearchParams,
  { link, orders }: Opened,
): Promise<Done> {
  const { words, seller } = reader;
  const name = form.get('name')?.trim() ?? '';
  const [, id, key] = /^(\d+) (.+)$/.exec(form.get('licence') ?? '') ?? [];
  const found = orders.find((order) => order.key === key);
  const line = found?.lines.find((one) => one.id === Number(id));
  const product = findProduct(pages.catalogue, line?.product);
  if (!pages.catalogue.pages?.corrections || !found || line?.state !== 'issued' || !product)
    return refuse(words.noPage, 404);
  const fault = nameFault(reader, name, [product.serial]);
  if (fault) return { status: 400, why: fault };
  const { licensee } = line.issued;
  if (name === licensee) return refuse(words.sameName);
  const isMine = (one: Line) => one.state === 'issued' && one.issued.licensee === licensee;
  const { catalogue, generate, now } = pages;
  const keys = await pages.productKeys();
  const make = (order: Order, answers: Parameters<Parameters<typeof fetchAnswers>[1]>[0], why: string) =>
    reissueLines(
      { catalogue, keys, answers },
      order,
      { name, isChosen: isMine },
      { who: 'buyer', why },
      now(),
    );
  const answers = await fetchAnswers(generate, (some) => make(found, some, CORRECTION));
  let isHeld = false;
  const { changed } = await changeAndMail(pages, found, (order) => {
    const why = order.lines.some(isMine) ? reasonFor(pages, order, licensee, name) : undefined;
    const next = why && make(order, answers, why);
    isHeld = typeof next !== 'object' || 'why' in next;
    return typeof next === 'object' && !('why' in next) ? next : undefined;
  });
  if (changed) return { status: 200, why: [alert(words.corrected)] };
  if (!isHeld) return refuse(words.sameName);
  const wanted = {
    about: 'rename',
    address: link.of,
    locale: reader.language,
    order: found.key,
    name,
  } as const;
  if (!(await isWithin(pages, 'requests for an address', link.of.toLowerCase())))
    return refuse(words.busy, 429);
  await storeRequest(pages, wanted);
  await noteRequest(pages, found, 'rename');
  return { status: 202, why: [alert(fill(words.held, { seller: seller.name }))] };
}

/** Returns why the buyer may have a serial for this name without the seller; undefined if only the seller can decide. */
function reasonFor(
  { catalogue, now }: Pages,
  order: Order,
  licensee: string,
  name: string,
): string | undefined {
  const { audit, buyer, paidAt, renewedAt, receivedAt } = order;
  const count = (reason?: string) => audit.filter(({ who, why }) => who === 'buyer' && why === reason).length;
  const names = [buyer.name, buyer.company, buyer.registration];
  const isSmall = resembles(licensee, name) || names.some((one) => one && isSameName(one, name));
  if (isSmall && count(CORRECTION) < MOST_CORRECTIONS) return CORRECTION;
  const isEarly = now() - Date.parse(paidAt ?? renewedAt ?? receivedAt) < RENAME_MS;
  return catalogue.pages?.rename && isEarly && count(RENAME) === 0 ? RENAME : undefined;
}

/** Adds to the order's history that the seller has to decide. */
async function noteRequest({ store, now }: Pages, order: Order, why: string): Promise<void> {
  await change(
    store,
    order.key,
    order,
    (found) => found && withAudit(found, found, 'request', { who: 'buyer', why }, now()),
  );
}

/** Stops a move within 24 hours; the link is in the mail to the old address. */
async function stopPage(
  { store, now }: Pages,
  reader: Reader,
  isPost: boolean,
  link: Link,
): Promise<PageAnswer> {
  const { words } = reader;
  const item = await store.get(link.of);
  const isOpen = item?.kind === 'request' && item.about === 'move' && link.until > now();
  if (!isOpen) return page(reader, words.overLink, [], { status: 410 });
  if (!isPost) return page(reader, words.stop, [form([], words.stop)]);
  const stopped = {
    ...item,
    version: item.version + 1,
    about: 'lost',
    step: 'answered',
    until: toAt(now()),
  } as const;
  const inTheWay = await store.put(stopped, item.version);
  return page(reader, words.stop, [text(inTheWay ? words.overLink : words.stopped)], {
    status: inTheWay ? 409 : 200,
  });
}
