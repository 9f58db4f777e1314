/** Every provider against its evidence: test/fixtures/PROVIDER/evidence.json says what each body and signature is. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Context, WebhookRequest } from '../functions/core/provider.ts';
import { Rejection } from '../functions/core/rejection.ts';
import { providers } from '../functions/providers/index.ts';

const fixtures = new URL('./fixtures/', import.meta.url);
const Case = z.strictObject({
  /** Who made it: a vendor's SDK, a published vector, a recorded delivery, or we. */
  source: z.string().min(10),
  method: z.string().default('POST'),
  query: z.string().default(''),
  body: z.string(),
  headers: z.record(z.string(), z.string()).default({}),
  /** Without keys it is only a payload; without events only a signature. */
  keys: z.array(z.string()).optional(),
  now: z.string(),
  events: z.array(z.unknown()).optional(),
});
type Case = z.infer<typeof Case>;

const evidence = (name: string) =>
  z.array(Case).parse(JSON.parse(readFileSync(new URL(`${name}/evidence.json`, fixtures), 'utf8')));

test('every provider has evidence, and all evidence a provider', () => {
  const withEvidence = readdirSync(fixtures).filter((name) =>
    existsSync(new URL(`${name}/evidence.json`, fixtures)),
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
    body: readFileSync(new URL(`${name}/${body}`, fixtures)),
  });
  const contextOf = (one: Case, change: Partial<Context> = {}): Context => ({
    keys: one.keys ?? [],
    now: Date.parse(one.now),
    licenseeField: 'licensee',
    knows: () => false,
    ask: () => Promise.reject(new Rejection('provider_refused', 'nothing to ask in this test')),
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
  const refused = (codes = ['bad_signature', 'no_signature', 'stale']) =>
    expect.stringMatching(new RegExp(`^(${codes.join('|')})$`));

  describe.each(cases.filter(({ keys }) => keys))('$body: $source', (one) => {
    const [key = ''] = one.keys ?? [];
    const request = requestOf(one);

    test('is accepted, beside another key too, in either order', async () => {
      expect(await verify(one)).toBe('accepted');
      expect(await verify(one, request, { keys: ['whsec_c29tZSBvdGhlciBzZWNyZXQ=', key] })).toBe('accepted');
      expect(await verify(one, request, { keys: [key, 'whsec_c29tZSBvdGhlciBzZWNyZXQ='] })).toBe('accepted');
    });

    test('is refused under another key', async () => {
      expect(await verify(one, request, { keys: ['whsec_c29tZSBvdGhlciBzZWNyZXQ='] })).toBe('bad_signature');
    });

    test('is refused without its headers', async () => {
      expect(await verify(one, { ...request, headers: {} })).toBe('no_signature');
    });

    test('is refused when any byte of the body differs', async () => {
      const anyByte = fc.nat(request.body.length - 1);
      const property = fc.asyncProperty(anyByte, fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const body = Buffer.from(request.body);
        body[at] = ((body[at] ?? 0) + by) % 256;
        expect(await verify(one, { ...request, body })).toBe('bad_signature');
      });
      await fc.assert(property, { numRuns: 100 });
    });

    test.each([
      [-301, 'stale'],
      [-299, 'accepted'],
      [299, 'accepted'],
      [301, 'stale'],
    ])('%i s from its time it is %s', async (seconds, expected) => {
      const signedAt = Number(
        /t=(\d+)/.exec(one.headers['stripe-signature'] ?? '')?.[1] ?? one.headers['webhook-timestamp'],
      );
      expect(await verify(one, request, { now: (signedAt + seconds) * 1000 })).toBe(expected);
    });

    test('is refused with any header mangled, and by no other exception', async () => {
      const name = fc.constantFrom(...Object.keys(one.headers));
      const value = fc.oneof(
        fc.string(),
        fc.constantFrom('', 't=,v1=', 'v1,', 't=NaN,v1=zz', 't=1,t=2,v1=', 'v1,%%%', ','.repeat(5000)),
      );
      const property = fc.asyncProperty(name, value, async (header, text) => {
        const result = await verify(one, { ...request, headers: { ...request.headers, [header]: text } });
        expect(result).toEqual(refused());
      });
      await fc.assert(property, { numRuns: 100 });
    });
  });

  test.each(cases.filter(({ events }) => events))('$body says what has happened', async (one) => {
    const events = await provider.read(requestOf(one), contextOf(one));
    expect(JSON.parse(JSON.stringify(events))).toEqual(one.events);
  });

  test('whatever stands in a body, reading it throws nothing but a Rejection', async () => {
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

/** A sample with one value somewhere in it swapped for anything JSON has. */
function swapped(bodies: readonly Buffer[]): fc.Arbitrary<Buffer> {
  return fc.tuple(fc.constantFrom(...bodies), fc.nat(), fc.jsonValue()).map(([body, at, value]) => {
    const places: { holder: Record<string, unknown>; name: string }[] = [];
    const whole: unknown = JSON.parse(body.toString(), function (this: Record<string, unknown>, name, part) {
      places.push({ holder: this, name });
      return part;
    });
    const place = places[at % places.length];
    if (place) place.holder[place.name] = value;
    return Buffer.from(JSON.stringify(whole));
  });
}
