/** Tests every provider against its evidence: functions/providers/NAME/samples/evidence.json describes each body and signature. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import type { WebhookRequest } from '../../functions/core/inbound/request.ts';
import { providers } from '../../functions/providers/index.ts';
import { simulators } from '../fixtures/simulators.ts';

const fixtures = new URL('../../functions/providers/', import.meta.url);
const Case = z.strictObject({
  /** The maker: a vendor's SDK, a published vector, a recorded delivery, or this project ("ours"). */
  source: z.string().min(4),
  method: z.string().default('POST'),
  query: z.string().default(''),
  body: z.string(),
  headers: z.record(z.string(), z.string()).default({}),
  /** A case without keys tests the payload only; one without events tests the signature only. */
  keys: z.array(z.string()).optional(),
  now: z.string(),
  /** The time of the signature, if the scheme has one: it is valid for five minutes either way. */
  signedAt: z.string().optional(),
  /** The signed part: the raw bytes; the values of a form; or nothing, if the proof is a secret in the address. */
  signs: z.enum(['body', 'values', 'nothing']).default('body'),
  /** The part of the request that has the proof, which a test removes. */
  proof: z.enum(['headers', 'query', 'body']).default('headers'),
  options: z.record(z.string(), z.unknown()).default({}),
  /** The answers of the provider's API by the end of the URL; without an answer it refuses. */
  ask: z.record(z.string(), z.unknown()).default({}),
  api: z.object({ key: z.string(), url: z.string() }).optional(),
  events: z.array(z.unknown()).optional(),
});
type Case = z.infer<typeof Case>;

const LIMITS = [
  [-301, 'stale'],
  [-299, 'accepted'],
  [299, 'accepted'],
  [301, 'stale'],
] as const;
const later = (time: string, seconds: number) => new Date(Date.parse(time) + seconds * 1000).toISOString();

const evidence = (name: string) =>
  z.array(Case).parse(JSON.parse(readFileSync(new URL(`${name}/samples/evidence.json`, fixtures), 'utf8')));

test('every provider has evidence, and every evidence file belongs to a provider', () => {
  const withEvidence = readdirSync(fixtures).filter((name) =>
    existsSync(new URL(`${name}/samples/evidence.json`, fixtures)),
  );
  expect(withEvidence).toEqual(Object.keys(providers).sort());
});

describe.each(Object.keys(providers))('%s', (name) => {
  const provider = providers[name];
  if (!provider) throw new Error(name);
  const cases = evidence(name);

  const requestOf = ({ method, headers, query, body }: Case): WebhookRequest => ({
    method,
    headers,
    query,
    body: readFileSync(new URL(`${name}/samples/${body}`, fixtures)),
  });
  const contextOf = (one: Case, change: Partial<Context> = {}): Context => ({
    keys: one.keys ?? [],
    now: Date.parse(one.now),
    licenseeField: 'licensee',
    options: one.options,
    api: one.api,
    knows: () => false,
    async ask(url) {
      const answer = Object.entries(one.ask).find(([end]) => url.endsWith(end))?.[1];
      if (answer === undefined)
        throw new Rejection('provider_refused', 'this test has no answer to the call');
      return typeof answer === 'string' ? answer : JSON.stringify(answer);
    },
    ...change,
  });
  const verify = async (one: Case, request = requestOf(one), change: Partial<Context> = {}) => {
    try {
      await provider.verify(request, contextOf(one, change));
      return 'accepted';
    } catch (error) {
      if (error instanceof Rejection) return error.code;
      throw error;
    }
  };
  const refused = (codes = ['bad_signature', 'no_signature', 'stale', 'bad_body']) =>
    expect.stringMatching(new RegExp(`^(${codes.join('|')})$`));

  const signed = cases.filter(({ keys }) => keys);

  describe.each(signed)('$body: $source', (one) => {
    const [key = ''] = one.keys ?? [];
    const request = requestOf(one);

    test('is accepted, also with another key before or after the right one', async () => {
      expect(await verify(one)).toBe('accepted');
      expect(await verify(one, request, { keys: ['whsec_c29tZSBvdGhlciBzZWNyZXQ=', key] })).toBe('accepted');
      expect(await verify(one, request, { keys: [key, 'whsec_c29tZSBvdGhlciBzZWNyZXQ='] })).toBe('accepted');
    });

    test('is refused under another key', async () => {
      expect(await verify(one, request, { keys: ['whsec_c29tZSBvdGhlciBzZWNyZXQ='] })).toBe('bad_signature');
    });

    test('is refused without its proof', async () => {
      const without = { headers: { headers: {} }, query: { query: '' }, body: { body: Buffer.alloc(0) } };
      expect(await verify(one, { ...request, ...without[one.proof] })).toBe('no_signature');
    });
  });

  test.each(signed.filter(({ signs }) => signs === 'body'))(
    '$body: $source is refused when any byte of the body differs',
    async (one) => {
      const request = requestOf(one);
      const anyByte = fc.nat(request.body.length - 1);
      const property = fc.asyncProperty(anyByte, fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const body = Buffer.from(request.body);
        body[at] = ((body[at] ?? 0) + by) % 256;
        expect(await verify(one, { ...request, body })).toEqual(refused());
      });
      await fc.assert(property, { numRuns: 100 });
    },
  );

  const timed = signed.flatMap(({ signedAt, ...one }) =>
    signedAt
      ? LIMITS.map(([seconds, expected]) => ({
          ...one,
          signedAt,
          now: later(signedAt, seconds),
          seconds,
          expected,
        }))
      : [],
  );
  test.each(timed)('$body: $source is $expected $seconds s after it was signed', async (one) => {
    expect(await verify(one)).toBe(one.expected);
  });

  test.each(signed.filter(({ proof }) => proof === 'headers'))(
    '$body: $source is refused with a mangled header, and throws nothing but a Rejection',
    async (one) => {
      const request = requestOf(one);
      const header = fc.constantFrom(...Object.keys(one.headers));
      const value = fc.oneof(
        fc.string(),
        fc.constantFrom('', 't=,v1=', 'v1,', 't=NaN,v1=zz', 't=1,t=2,v1=', 'v1,%%%', ','.repeat(5000)),
      );
      const property = fc.asyncProperty(header, value, async (name, text) => {
        const result = await verify(one, { ...request, headers: { ...request.headers, [name]: text } });
        if (/signature|hmac|sig$/.test(name)) expect(result).toEqual(refused());
      });
      await fc.assert(property, { numRuns: 100 });
    },
  );

  test.each(cases.filter(({ events }) => events))('$body is parsed into its events', async (one) => {
    const events = await provider.read(requestOf(one), contextOf(one));
    expect(JSON.parse(JSON.stringify(events))).toEqual(one.events);
  });

  test('parsing any body throws nothing but a Rejection', async () => {
    const bodies = cases.map((one) => requestOf(one).body);
    const mutilated = fc
      .tuple(fc.constantFrom(...bodies), fc.nat(), fc.nat(400), fc.uint8Array({ maxLength: 20 }))
      .map(([body, at, gone, put]) => {
        const start = at % body.length;
        return Buffer.concat([body.subarray(0, start), put, body.subarray(start + gone)]);
      });
    const body = fc.oneof(
      mutilated,
      fc.uint8Array().map(Buffer.from),
      fc.json().map(Buffer.from),
      swapped(bodies),
    );
    const property = fc.asyncProperty(body, async (bytes) => {
      const [first] = cases;
      if (!first) throw new Error('no evidence');
      try {
        expect(
          Array.isArray(await provider.read({ ...requestOf(first), body: bytes }, contextOf(first))),
        ).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(Rejection);
      }
    });
    await fc.assert(property, { numRuns: 500 });
  });
});

/** Replaces one value of a sample by any JSON value. */
function swapped(all: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const bodies = all.filter((body) => body.toString().startsWith('{'));
  if (bodies.length === 0) return fc.constant(Buffer.alloc(0));
  return fc.tuple(fc.constantFrom(...bodies), fc.nat(), fc.jsonValue()).map(([body, at, value]) => {
    const slots: { holder: Record<string, unknown>; name: string }[] = [];
    const whole: unknown = JSON.parse(body.toString(), function (this: Record<string, unknown>, name, part) {
      slots.push({ holder: this, name });
      return part;
    });
    const slot = slots[at % slots.length];
    if (slot) slot.holder[slot.name] = value;
    return Buffer.from(JSON.stringify(whole));
  });
}

/** The signature covers header and body as one text, so the boundary between them must be unambiguous. */
describe('a request with the start of its body moved into the signed header', () => {
  const now = Date.parse('2026-11-20T14:03:22.878Z');
  const secret = `whsec_${Buffer.from('a secret of thirty-two bytes, so').toString('base64')}`;
  const at = String(Math.floor(now / 1000));
  const tail = '{"type":"order.paid"}';

  test.each<[provider: string, header: string, separator: string, body: string, moved: string]>([
    ['bluesnap', 'bls-ipn-timestamp', '', `testMode=Y&${tail}`, 'testMode=Y&'],
    ['stripe', 'stripe-signature', '.', `5.${tail}`, `t=${at}.5`],
    ['paddle', 'paddle-signature', ':', `5:${tail}`, `ts=${at}:5`],
    ['shop', 'webhook-timestamp', '.', `5.${tail}`, `${at}.5`],
    ['polar', 'webhook-timestamp', '.', `5.${tail}`, `${at}.5`],
  ])('is refused by %s', async (name, header, separator, body, moved) => {
    const context: Context = {
      keys: [secret],
      now,
      licenseeField: 'licensee',
      options: {},
      knows: () => false,
      ask: () => Promise.reject(new Error('this test calls no API')),
    };
    const { headers = {} } = simulators[name]?.sign?.(body, secret, now) ?? {};
    const request = { method: 'POST', headers, query: '', body: Buffer.from(body) };
    await providers[name]?.verify(request, context);
    const value = headers[header] ?? '';
    const shifted = separator === '' ? value + moved : value.replace(/t?s?=?\d{10}(?=,|;|$)/, moved);
    expect(shifted).not.toBe(value);
    const parted = { ...request, headers: { ...headers, [header]: shifted }, body: Buffer.from(tail) };
    await expect(async () => providers[name]?.verify(parted, context)).rejects.toMatchObject({
      code: 'stale',
    });
  });
});
