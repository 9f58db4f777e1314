/**
 * FastSpring's licence call, a "remote server request": it prints what we answer.
 * https://fastspring.com/docs/classic/setting-up-a-remote-license-script
 */
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { form, part } from '../../core/inbound/body.ts';
import type { OrderEvent } from '../../core/inbound/event.ts';
import type { Context } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import type { Answer, WebhookRequest } from '../../core/inbound/request.ts';
import { requireEqual } from '../../core/inbound/signature.ts';
import type { Claim } from '../../core/order/order.ts';

const HASH = 'security_request_hash';

/** Its form; undefined for a webhook, which comes to the same address and is signed in a header. */
export function licenceCall({ method, headers, query, body }: WebhookRequest): string | undefined {
  const text = method === 'GET' ? query : body.toString('latin1');
  const hashed = text.split('&').some((field) => field.startsWith(`${HASH}=`));
  return hashed && !headers['x-fs-signature'] ? text : undefined;
}

/**
 * Throws unless the MD5 of all values, in the order of their names, and of a key behind them is there. The bytes are
 * hashed, so that it holds for any charset.
 */
export function requireHash(call: string, keys: readonly string[]): void {
  const all = form(call, 'latin1');
  const sorted = [...all].sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  const values = sorted.flatMap(([name, value]) => (name === HASH ? [] : [value])).join('');
  const hash = (key: string) => createHash('md5').update(values, 'latin1').update(key).digest('hex');
  requireEqual(all.get(HASH) ?? undefined, keys.map(hash));
}

export function licenceSale(call: string, { licenseeField }: Context): OrderEvent {
  const { reference: id, internalProductName: sku, quantity, test, ...other } = fields(call);
  const { name, email, company } = other;
  const registration = Object.hasOwn(other, licenseeField) ? other[licenseeField] : undefined;
  return {
    kind: 'paid',
    id,
    test: test !== undefined && !/^(false|0|no)$/i.test(test),
    buyer: { name, email, company, registration },
    lines: [{ sku, quantity: Number(quantity), delivery: 'answer' }],
  };
}

/** The serial, as often as it is to be printed. Where there is none an error, never a text that would be printed for it. */
export function licenceAnswer(call: string, done: readonly Claim[]): Answer {
  const { internalProductName, quantity } = fields(call);
  const sold = done.filter(({ order }) => order.status === 'paid' || order.status === 'partly_refunded');
  const lines = sold.flatMap(({ order }) => order.lines);
  const serial = lines.find(({ sku }) => sku === internalProductName)?.serial;
  return serial
    ? { status: 200, body: Array(Number(quantity)).fill(serial).join('\n') }
    : { status: 500, body: 'held' };
}

function fields(call: string): z.output<typeof Fields> {
  const all = [...form(call)];
  if (new Set(all.map(([name]) => name)).size < all.length)
    throw new Rejection('bad_body', 'the form has a field twice');
  return part(Fields, Object.fromEntries(all.filter(([, value]) => value !== '')));
}

const Fields = z.catchall(
  z.object({
    reference: z.string().check(z.regex(/^[\x20-\x7e]{1,100}$/)),
    internalProductName: z.string().check(z.maxLength(200)),
    quantity: z._default(z.string().check(z.regex(/^[1-9]\d{0,3}$/)), '1'),
  }),
  z.optional(z.string().check(z.maxLength(1000))),
);
