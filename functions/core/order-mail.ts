/** An order mail on its way through the order pipeline: fulfilled, held or ignored. */
import { createHash } from 'node:crypto';
import { type Catalogue, findBuiltIn } from './catalogue/catalogue.ts';
import { fulfil } from './fulfil.ts';
import type { MailStore } from './inbound/mail-store.ts';
import { Rejection } from './inbound/rejection.ts';
import type { Verdicts } from './inbound/request.ts';
import type { Claim } from './order/types.ts';
import { requestWorld } from './request-world.ts';
import type { Ports } from './world.ts';

export interface OrderMail {
  /** The addresses of the envelope that SES accepted the mail for. */
  readonly recipients: readonly string[];
  readonly verdicts: Verdicts;
  /** The name of the object with the mail. */
  readonly object: string;
  /** The mail; undefined if it is larger than MAX_MAIL_BYTES. */
  readonly body: Buffer | undefined;
}

export interface Received {
  readonly disposition: 'fulfilled' | 'held' | 'ignored';
  /** Null if the order is fulfilled. */
  readonly reason: string | null;
  /** The key of the order or of the held mail. */
  readonly key: string | null;
}

/** Throws if the mail has to be processed again. Two held mails of one store in a row are reported. */
export async function fulfilMail(
  ports: Ports,
  stores: Readonly<Record<string, MailStore>>,
  mail: OrderMail,
): Promise<Received> {
  const name = findStore(ports.catalogue, mail.recipients);
  const received = await processMail(ports, stores, name, mail);
  if (!name || received.disposition === 'ignored') return received;
  const isHeld = received.disposition === 'held';
  const { store } = ports;
  const key = `notice#mails-of-${name}`;
  const notice = await store.get(key);
  // An odd version says that the last mail of the store was held.
  const version = notice?.kind === 'notice' ? notice.version : 0;
  const wasHeld = version % 2 === 1;
  if (isHeld && wasHeld) ports.report('mails_held', { provider: name, reason: received.reason ?? '' });
  const receivedAt = new Date(ports.now()).toISOString();
  // A mail at the same time may have written it: then the next one counts.
  if (isHeld !== wasHeld)
    await store.put({ kind: 'notice', key, version: version + 1, receivedAt }, version || undefined);
  return received;
}

async function processMail(
  ports: Ports,
  stores: Readonly<Record<string, MailStore>>,
  name: string | undefined,
  { verdicts, object, body }: OrderMail,
): Promise<Received> {
  const store = name === undefined ? undefined : findBuiltIn(ports.catalogue, name, stores);
  if (!name || !store) return ignored('unknown_recipient');
  const request = {
    ...{ method: 'POST', headers: body ? {} : { object }, query: '', verdicts },
    body: body ?? Buffer.alloc(0),
  };
  const world = requestWorld(ports, name, request);
  const hold = async (reason: 'too_large' | 'not_authentic') => {
    const id = createHash('sha256')
      .update(body ?? object)
      .digest('hex');
    return outcomeOf(
      await world.record({ kind: 'unreadable', key: `held#${name}#${id}`, provider: name, reason }),
    );
  };
  if (!body) return await hold('too_large');
  let received: Received | undefined;
  try {
    for await (const claim of fulfil(world, store, request)) received = outcomeOf(claim);
  } catch (error) {
    const code = error instanceof Rejection ? error.code : undefined;
    if (code === 'not_authentic') return await hold(code);
    if (code !== 'junk') throw error;
    ports.report('ignored', { provider: name, events: 0 });
    return ignored(code);
  }
  return received ?? ignored('no_order');
}

const ignored = (reason: string): Received => ({ disposition: 'ignored', reason, key: null });

/** SES matches an address with any `+label`. */
const findStore = ({ providers }: Catalogue, recipients: readonly string[]): string | undefined => {
  const received = recipients.map((one) => one.toLowerCase().replace(/\+[^@]*/, ''));
  return Object.keys(providers).find((name) =>
    received.includes(providers[name]?.mail?.to.toLowerCase() ?? ''),
  );
};

function outcomeOf({ order, unreadable }: Claim): Received {
  if (unreadable) return { disposition: 'held', ...unreadable };
  const held = order?.lines.find((line) => line.state === 'held');
  const reason = held?.state === 'held' ? held.reason : null;
  return { disposition: reason ? 'held' : 'fulfilled', reason, key: order?.key ?? null };
}
