/**
 * Checks a provider against its evidence: `samples/evidence.json` in its folder describes each body and signature. Our
 * test suite runs these checks on every built-in provider.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import * as z from 'zod/mini';
import type { Context, Provider } from '../../../functions/core/inbound/provider.ts';
import { Rejection } from '../../../functions/core/inbound/rejection.ts';
import type { WebhookRequest } from '../../../functions/core/inbound/request.ts';

const Case = z.strictObject({
  /** The maker: a vendor's SDK, a published vector, a recorded delivery, or this project ("ours"). */
  source: z.string().check(z.minLength(4)),
  method: z._default(z.string(), 'POST'),
  query: z._default(z.string(), ''),
  /** A file beside evidence.json. */
  body: z.string(),
  headers: z._default(z.record(z.string(), z.string()), {}),
  /** A case without keys tests the payload only; one without events tests the signature only. */
  keys: z.optional(z.array(z.string())),
  now: z.string(),
  /** The time of the signature, if the scheme has one: it is valid for five minutes either way. */
  signedAt: z.optional(z.string()),
  /** The signed part: the raw bytes; the values of a form; or nothing, if the proof is a secret in the address. */
  signs: z._default(z.enum(['body', 'values', 'nothing']), 'body'),
  /** The part of the request that has the proof, which a check removes. */
  proof: z._default(z.enum(['headers', 'query', 'body']), 'headers'),
  options: z._default(z.record(z.string(), z.unknown()), {}),
  /** The answers of the provider's API by the end of the URL; without an answer it refuses. */
  ask: z._default(z.record(z.string(), z.unknown()), {}),
  api: z.optional(z.object({ key: z.string(), url: z.string() })),
  events: z.optional(z.array(z.unknown())),
});
type Case = z.output<typeof Case>;

export interface Check {
  readonly name: string;
  /** Throws if the provider fails. */
  run(): Promise<void>;
}

const codeOf = (error: unknown): string => {
  if (error instanceof Rejection) return error.code;
  throw error;
};
const OTHER = 'whsec_c29tZSBvdGhlciBzZWNyZXQ=';
const REFUSED = ['bad_signature', 'no_signature', 'stale', 'bad_body'];
const LIMITS = [
  [-301, 'stale'],
  [-299, 'accepted'],
  [299, 'accepted'],
  [301, 'stale'],
] as const;

/** @param folder the folder of the provider's file. */
export function checksOf(provider: Provider, folder: string): Check[] {
  const samples = join(folder, 'samples');
  const file = join(samples, 'evidence.json');
  const cases = z
    .array(Case)
    .check(z.minLength(1))
    .parse(JSON.parse(readFileSync(file, 'utf8')));

  const requestOf = ({ method, headers, query, body }: Case): WebhookRequest => ({
    ...{ method, headers, query },
    body: readFileSync(join(samples, body)),
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
        throw new Rejection('provider_refused', 'the evidence has no answer to this call in `ask`');
      return typeof answer === 'string' ? answer : JSON.stringify(answer);
    },
    ...change,
  });
  const verify = async (one: Case, request = requestOf(one), change: Partial<Context> = {}) => {
    try {
      await provider.verify(request, contextOf(one, change));
      return 'accepted';
    } catch (error) {
      return codeOf(error);
    }
  };
  const refuses = (result: string) => assert.ok(REFUSED.includes(result), `a wrong request is ${result}`);
  const check = (name: string, run: () => Promise<void>): Check => ({ name, run });

  const ofSignatures = cases.flatMap((one) => {
    const [key] = one.keys ?? [];
    if (key === undefined) return [];
    const label = `${one.body}: ${one.source}`;
    const request = requestOf(one);
    return [
      check(`${label} is accepted, also with another key before or after the right one`, async () => {
        for (const keys of [[key], [OTHER, key], [key, OTHER]])
          assert.equal(await verify(one, request, { keys }), 'accepted');
      }),
      check(`${label} is refused under another key`, async () => {
        assert.equal(await verify(one, request, { keys: [OTHER] }), 'bad_signature');
      }),
      check(`${label} is refused without its proof`, async () => {
        const without = { headers: { headers: {} }, query: { query: '' }, body: { body: Buffer.alloc(0) } };
        assert.equal(await verify(one, { ...request, ...without[one.proof] }), 'no_signature');
      }),
      ...(one.signs !== 'body'
        ? []
        : [
            check(`${label} is refused when any byte of the body differs`, async () => {
              const anyByte = fc.nat(request.body.length - 1);
              const property = fc.asyncProperty(anyByte, fc.integer({ min: 1, max: 255 }), async (at, by) => {
                const body = Buffer.from(request.body);
                body[at] = ((body[at] ?? 0) + by) % 256;
                refuses(await verify(one, { ...request, body }));
              });
              await fc.assert(property, { numRuns: 100 });
            }),
          ]),
      ...(one.signedAt === undefined ? [] : LIMITS).map(([seconds, expected]) =>
        check(`${label} is ${expected} ${seconds} s after it was signed`, async () => {
          const now = Date.parse(one.signedAt ?? '') + seconds * 1000;
          assert.equal(await verify(one, request, { now }), expected);
        }),
      ),
      ...(one.proof !== 'headers'
        ? []
        : [
            check(
              `${label} is refused with a mangled header, and throws nothing but a Rejection`,
              async () => {
                const header = fc.constantFrom(...Object.keys(one.headers));
                const odd = ['', 't=,v1=', 'v1,', 't=NaN,v1=zz', 't=1,t=2,v1=', 'v1,%%%', ','.repeat(5000)];
                const value = fc.oneof(fc.string(), fc.constantFrom(...odd));
                const property = fc.asyncProperty(header, value, async (name, text) => {
                  const headers = { ...request.headers, [name]: text };
                  const result = await verify(one, { ...request, headers });
                  if (/signature|hmac|sig$/.test(name)) refuses(result);
                });
                await fc.assert(property, { numRuns: 100 });
              },
            ),
          ]),
    ];
  });

  const ofEvents = cases.flatMap((one) =>
    one.events === undefined
      ? []
      : check(`${one.body} is parsed into its events`, async () => {
          const events = await provider.read(requestOf(one), contextOf(one));
          assert.deepEqual(JSON.parse(JSON.stringify(events)), one.events);
        }),
  );

  const parsesAnything = check('parsing any body throws nothing but a Rejection', async () => {
    const bodies = cases.map((one) => requestOf(one).body);
    const mutilated = fc
      .tuple(fc.constantFrom(...bodies), fc.nat(), fc.nat(400), fc.uint8Array({ maxLength: 20 }))
      .map(([body, at, gone, put]) => {
        const start = at % body.length;
        return Buffer.concat([body.subarray(0, start), put, body.subarray(start + gone)]);
      });
    const anything = [fc.uint8Array().map(Buffer.from), fc.json().map((text) => Buffer.from(text))];
    const body = fc.oneof(mutilated, ...anything, withOneValueSwapped(bodies));
    const property = fc.asyncProperty(body, async (bytes) => {
      const [first] = cases;
      if (!first) return;
      try {
        assert.ok(Array.isArray(await provider.read({ ...requestOf(first), body: bytes }, contextOf(first))));
      } catch (error) {
        codeOf(error);
      }
    });
    await fc.assert(property, { numRuns: 500 });
  });
  return [...ofSignatures, ...ofEvents, parsesAnything];
}

/** Replaces one value of a sample by any JSON value. */
function withOneValueSwapped(all: readonly Buffer[]): fc.Arbitrary<Buffer> {
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
