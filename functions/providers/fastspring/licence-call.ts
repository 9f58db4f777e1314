/**
 * FastSpring's licence call, a "remote server request". FastSpring prints our answer for the buyer.
 * https://fastspring.com/docs/classic/setting-up-a-remote-license-script
 */
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { form, part, uniqueFields } from '../../core/inbound/body.ts';
import type { OrderEvent } from '../../core/inbound/event.ts';
import type { Context } from '../../core/inbound/provider.ts';
import type { Answer, WebhookRequest } from '../../core/inbound/request.ts';
import { customText, formQuantity, id, maybe, sku, soldLine, text } from '../../core/inbound/shapes.ts';
import { requireEqual } from '../../core/inbound/signature.ts';
import type { Claim } from '../../core/order/types.ts';

const HASH = 'security_request_hash';

/** Returns the form of a licence call; undefined for a webhook, which has the same address and is signed in a header. */
export function licenceCall({ method, headers, query, body }: WebhookRequest): string | undefined {
  const text = method === 'GET' ? query : body.toString('latin1');
  const hasHash = text.split('&').some((field) => field.startsWith(`${HASH}=`));
  return hasHash && !headers['x-fs-signature'] ? text : undefined;
}

/**
 * Throws unless the call has the MD5 of all values, in the order of their names, followed by a key. The raw bytes are
 * hashed, so the charset does not matter.
 */
export function requireHash(call: string, keys: readonly string[]): void {
  const all = form(call, 'latin1');
  const sorted = [...all].sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  const values = sorted.flatMap(([name, value]) => (name === HASH ? [] : [value])).join('');
  const hash = (key: string) => createHash('md5').update(values, 'latin1').update(key).digest('hex');
  requireEqual(all.get(HASH) ?? undefined, keys.map(hash));
}

export function licenceSale(call: string, { licenseeField }: Context): OrderEvent {
  const { reference: id, internalProductName: sku, quantity, test, ...other } = parseFields(call);
  const { name, email, company } = other;
  const registration = customText(other, licenseeField);
  return {
    kind: 'paid',
    id,
    test: test !== undefined && !/^(false|0|no)$/i.test(test),
    buyer: { name, email, company, registration },
    lines: [soldLine({ sku, quantity, delivery: 'answer' })],
  };
}

/** Answers with one serial per copy. Without a serial the status is an error, since FastSpring prints the body of any 200. */
export function licenceAnswer(call: string, done: readonly Claim[]): Answer {
  const { internalProductName, quantity = 1 } = parseFields(call);
  const serial = done.map(({ issued }) => issued?.get(internalProductName)?.serial).find(Boolean);
  return serial
    ? { status: 200, body: Array(quantity).fill(serial).join('\n') }
    : { status: 500, body: 'held' };
}

export const licenceReference = (call: string): string =>
  part(Reference, Object.fromEntries(form(call))).reference;

const Reference = z.object({ reference: id });
const parseFields = (call: string): z.output<typeof Fields> =>
  part(Fields, Object.fromEntries(uniqueFields(form(call))));

const Fields = z.catchall(
  z.object({
    reference: id,
    internalProductName: sku,
    quantity: maybe(formQuantity),
  }),
  text,
);
