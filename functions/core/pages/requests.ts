/** The part of `redeliver` that works on buyers' requests: it looks addresses up, which a page must not do, and mails. */
import { type Block, heading, oneLine, paragraph, verbatim } from '../mail/blocks.ts';
import { type Message, mailToBuyer } from '../mail/message.ts';
import { fill } from '../mail/sentences.ts';
import { change } from '../order/change.ts';
import { isInForce, lacksName, toAt } from '../order/due.ts';
import { resend } from '../order/manual.ts';
import { type SendOutcome, UNKNOWN_MS } from '../order/sends.ts';
import type { Order, Request } from '../order/types.ts';
import type { Ports } from '../world.ts';
import { typedCode } from './codes.ts';
import { LINK_MS, toToken, type Use } from './links.ts';
import { heldProducts, issuedLines, ordersOf, productNames } from './orders.ts';
import type { Pages } from './ports.ts';
import { wordsIn } from './words.ts';

const [MINUTE, DAY] = [60_000, 24 * 3_600_000];
/** A request that could not be worked on for so long is dropped: its buyer has asked again. */
const OLDEST_MS = 3 * DAY;

/**
 * Works on a request that is due. The lease, a later `until`, is written first.
 * @param remove deletes a request if it has this version.
 */
export async function workOnRequest(
  ports: Ports & Pick<Pages, 'keysOf' | 'site' | 'keys'>,
  found: Request,
  remove: (key: string, version: number) => Promise<void>,
): Promise<'nothing' | SendOutcome['kind']> {
  const { store, now, mailer, report } = ports;
  if (!found.until || Date.parse(found.until) > now()) return 'nothing';
  const leased = { ...found, version: found.version + 1, until: toAt(now() + UNKNOWN_MS) };
  if (await store.put(leased, found.version)) return 'nothing';
  const orders = (await ordersOf(store, ports.keysOf, found.address)).filter(isInForce);
  if (found.step === 'apply') await move(ports, found, orders);
  const message = await mailFor(ports, found, orders);
  const outcome = message && (await mailer(message));
  if (outcome) report('request_mailed', { request: found.key, about: found.about, outcome: outcome.kind });
  const isLost = outcome?.kind === 'unknown' && now() - Date.parse(found.receivedAt) < OLDEST_MS;
  if (isLost) return outcome.kind;
  if (outcome && ['throttled', 'unreachable', 'account'].includes(outcome.kind)) {
    await store.put({ ...leased, version: leased.version + 1, until: toAt(now() + MINUTE) }, leased.version);
    return outcome.kind;
  }
  const next = nextOf(leased);
  if (next) await store.put({ ...next, version: leased.version + 1 }, leased.version);
  else await remove(found.key, leased.version);
  return outcome?.kind ?? 'nothing';
}

/** The request after its step; undefined if nothing is left to do. */
function nextOf(request: Request): Request | undefined {
  if (request.step) return undefined;
  if (request.about === 'move')
    return { ...request, step: 'apply', until: toAt(Date.parse(request.receivedAt) + DAY) };
  return request.heldAt ? { ...request, until: undefined } : undefined;
}

/** Moves the orders of the old address to the new one. Their mails then go out like any other. */
async function move({ store, now }: Ports, { to }: Request, orders: readonly Order[]): Promise<void> {
  for (const order of orders)
    await change(store, order.key, order, (known) => {
      const next = known && resend(known, to, { who: 'buyer', why: 'address' }, now());
      return typeof next === 'object' ? next : undefined;
    });
}

/** The mail of the request's step; undefined if there is none. */
async function mailFor(
  { catalogue, now, site, keys }: Ports & Pick<Pages, 'site' | 'keys'>,
  request: Request,
  orders: readonly Order[],
): Promise<Message | undefined> {
  const { about, step, address, to = '' } = request;
  const { seller } = catalogue;
  const words = await wordsIn(seller, request.locale);
  const name = oneLine(seller.name);
  const say = (sentence: string) => paragraph(sentence, { seller: name, from: address, to });
  const mail = (subject: string, blocks: readonly Block[], recipient = address): Message => ({
    ...mailToBuyer(seller, words, recipient, fill(subject, { seller: name }), blocks),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'X-Entity-Ref-ID': request.key,
    },
    tags: {},
  });
  const linkTo = async (use: Use, of: string) => {
    const token = toToken(await keys(), { use, until: now() + LINK_MS[use], of });
    const address = paragraph(`${site}/licences/${use === 'name' ? 'name' : 'l'}/${token}`);
    if (use === 'name') return [address];
    const [newest] = await keys();
    return [address, verbatim(words.mailCode, typedCode(newest?.key ?? '', token), 'at words')];
  };
  switch (step ?? about) {
    case 'lost': {
      const serials = issuedLines(orders);
      const unnamed = catalogue.pages?.corrections ? orders.filter(lacksName) : [];
      if (serials.length + unnamed.length === 0) return undefined;
      const names = unnamed.map(async (order) => [
        paragraph(words.nameHow, { products: productNames(catalogue, heldProducts(order)) }),
        ...(await linkTo('name', order.key)),
      ]);
      return mail(words.mailSerials, [
        ...serials.flatMap(({ product, issued }) => [
          heading(oneLine(productNames(catalogue, [product]))),
          verbatim(words.name, issued.licensee, 'at words'),
          verbatim(words.serial, issued.serial, 'anywhere'),
        ]),
        ...(await Promise.all(names)).flat(),
        ...(serials.length > 0 ? [say(words.mailLink), ...(await linkTo('licences', address))] : []),
        say(words.mailIgnore),
      ]);
    }
    case 'move':
      return mail(words.mailMove, [say(words.mailMoveHow), ...(await linkTo('stop', request.key))]);
    case 'told':
      return mail(words.mailMove, [say(words.mailTold), say(words.mailIgnore)], to);
    case 'rename':
    case 'erasure':
      return mail(words.mailHeld, [say(words.held)]);
    case 'answered':
      return mail(words.mailAnswered, [say(words.mailAnsweredHow)]);
    case 'refused':
      return mail(words.mailAnswered, [say(words.mailRefused)]);
    case 'erased':
      return mail(words.mailAnswered, [say(words.mailErased)]);
    case 'stopped':
      return mail(words.mailAnswered, [say(words.stopped)]);
    case 'apply':
      return undefined;
    case 'recover_other_address':
      // The address is not verified until the seller decides.
      return undefined;
  }
}
