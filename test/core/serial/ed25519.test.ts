/** Signed licences against the vectors of RFC 8032 and Wycheproof, and the layout of docs/ed25519.md. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import * as z from 'zod/mini';
import {
  licenceId,
  licenseeIn,
  publicKeyOf,
  seedOf,
  signBytes,
  signLicence,
  signRevoked,
} from '../../../functions/core/serial/ed25519.ts';
import { catalogueWith } from '../../fixtures/catalogue.ts';
import { memoryWorld } from '../../fixtures/memory.ts';

const FOLDER = 'test/fixtures/ed25519';

describe('vectors of other authors', () => {
  const lines = readFileSync(`${FOLDER}/sign.input`, 'utf8').trim().split('\n');

  test.each(lines.map((line, at) => [at + 1, line]))('line %i of sign.input', (_, line) => {
    const [secret = '', publicKey = '', message = '', signed = ''] = line.split(':');
    const seed = Buffer.from(secret.slice(0, 64), 'hex');
    expect(publicKeyOf(seed).toString('hex')).toBe(publicKey);
    expect(signBytes(Buffer.from(message, 'hex'), seed).toString('hex')).toBe(signed.slice(0, 128));
  });

  const Vectors = z.object({
    testGroups: z.array(
      z.object({
        key: z.object({ pk: z.string() }),
        tests: z.array(z.object({ tcId: z.number(), msg: z.string(), sig: z.string(), result: z.string() })),
      }),
    ),
  });

  it('all of Wycheproof are judged right', () => {
    const { testGroups } = Vectors.parse(JSON.parse(readFileSync(`${FOLDER}/eddsa_test.json`, 'utf8')));
    const wrong = testGroups.flatMap(({ key, tests }) => {
      const x = Buffer.from(key.pk, 'hex').toString('base64url');
      const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
      return tests.filter(
        ({ msg, sig, result }) =>
          verify(null, Buffer.from(msg, 'hex'), publicKey, Buffer.from(sig, 'hex')) !== (result === 'valid'),
      );
    });
    expect(wrong).toEqual([]);
  });
});

const seed = Buffer.alloc(32, 7);
const KEY = { number: 3, seed };
const ID = licenceId('shop#1', 0, 1);
const LICENCE = {
  ...{ product: 0x0102, issuedAt: Date.UTC(2026, 10, 23, 23, 59), months: 12, seats: 5, id: ID },
  licensee: 'José Núñez',
};
const bytesOf = (text = '') => Buffer.from(text.slice(text.indexOf('-') + 1), 'base64url');

describe('a licence', () => {
  const text = signLicence(LICENCE, KEY) ?? '';

  it('has the documented bytes', () => {
    expect(text).toMatch(/^KP1-[\w-]+$/);
    const days = (date: string) => (Date.parse(date) - Date.parse('2020-01-01')) / 86_400_000;
    const uint16 = (value: number) => [value >> 8, value & 255];
    const payload = [0x13, 1, 2, ...uint16(days('2026-11-23')), ...uint16(days('2027-11-23')), 5, ...ID];
    expect([...bytesOf(text).subarray(0, -64)]).toEqual([...payload, ...Buffer.from('José Núñez')]);
  });

  it('is signed over its domain and payload', () => {
    const [payload, signature] = [bytesOf(text).subarray(0, -64), bytesOf(text).subarray(-64)];
    const x = publicKeyOf(seed).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const signed = (domain: string) => Buffer.concat([Buffer.from(domain), payload]);
    expect(verify(null, signed('keypost/licence/v1\0'), key, signature)).toBe(true);
    expect(verify(null, signed(''), key, signature)).toBe(false);
  });

  it('has an ID of order, line and issue', () => {
    const hash = createHash('sha256').update('shop#1\n0\n1').digest('hex');
    expect(ID.toString('hex')).toBe(hash.slice(0, 16));
    const others = [licenceId('shop#2', 0, 1), licenceId('shop#1', 1, 1), licenceId('shop#1', 0, 2)];
    expect(new Set([ID, ...others].map(String)).size).toBe(4);
  });

  test.each([
    ['2024-02-29', 12, '2025-02-28'],
    ['2026-10-31', 1, '2026-11-30'],
    ['2026-12-15', 1, '2027-01-15'],
  ])('of %s with updates for %i months has them until %s', (from, months, until) => {
    const bytes = bytesOf(signLicence({ ...LICENCE, issuedAt: Date.parse(from), months }, KEY));
    const days = (Date.parse(until) - Date.parse('2020-01-01')) / 86_400_000;
    expect(bytes.readUInt16BE(5)).toBe(days);
  });

  it('without a limit of updates has 0 there', () => {
    expect(bytesOf(signLicence({ ...LICENCE, months: undefined }, KEY)).readUInt16BE(5)).toBe(0);
  });

  it('has at most 255 seats', () => {
    expect(signLicence({ ...LICENCE, seats: 255 }, KEY)).toBeDefined();
    expect(signLicence({ ...LICENCE, seats: 256 }, KEY)).toBeUndefined();
  });

  const other = Buffer.alloc(32, 8);
  const flipped = bytesOf(text);
  flipped[20] = (flipped[20] ?? 0) ^ 1;
  test.each<[string, string, number, typeof KEY, string | undefined]>([
    ['itself', text, 0x0102, KEY, 'José Núñez'],
    ['for another product', text, 0x0103, KEY, undefined],
    ['under another key', text, 0x0102, { number: 3, seed: other }, undefined],
    ['under another key number', text, 0x0102, { number: 4, seed }, undefined],
    ['with a flipped bit', `KP1-${flipped.toString('base64url')}`, 0x0102, KEY, undefined],
    ['cut', text.slice(0, -4), 0x0102, KEY, undefined],
    ['with padding', `${text}=`, 0x0102, KEY, undefined],
    ['with another prefix', text.replace('KP1', 'KP2'), 0x0102, KEY, undefined],
    ['with a line end', `${text}\n`, 0x0102, KEY, undefined],
  ])('%s is valid or not', (_, licence, product, key, licensee) => {
    expect(licenseeIn(licence, product, [key])).toBe(licensee);
  });
});

it('lists revoked IDs sorted, under a domain of its own', () => {
  const ids = [Buffer.from('ffeeddccbbaa9988', 'hex'), Buffer.from('0011223344556677', 'hex')];
  const text = signRevoked({ product: 7, listedAt: Date.UTC(2020, 0, 2), ids }, KEY);
  expect(text).toMatch(/^KPR1-/);
  const list = `1300070001${ids[1]?.toString('hex')}${ids[0]?.toString('hex')}`;
  expect(bytesOf(text).subarray(0, -64).toString('hex')).toBe(list);
  expect(licenseeIn(text.replace('KPR1', 'KP1'), 7, [KEY])).toBeUndefined();
});

it('takes a key of 32 bytes in base64 only', () => {
  const key = seed.toString('base64');
  expect(seedOf(key)).toEqual(seed);
  for (const wrong of [`${key}\n`, key.slice(4), seed.toString('hex'), ''])
    expect(seedOf(wrong)).toBeUndefined();
});

it('makes a licence of an order: its day, seats and line', async () => {
  const serial = { kind: 'ed25519', product: 7, updates: { months: 12 } } as const;
  const products = { licensed: { name: 'Licensed', serial, skus: { plain: ['l'] } } };
  const catalogue = catalogueWith({ products, providers: { plain: { testOrders: 'seller' } } });
  const world = memoryWorld(catalogue, new Map(), { key: seed.toString('base64') });
  const order = {
    ...{ kind: 'paid', placedAt: '2026-11-20T23:00:00Z', test: false },
    buyer: { name: 'Jose\u0301 Nu\u0301n\u0303ez', email: 'jane@example.com' },
    lines: [{ sku: 'l', quantity: 3 }],
  };
  await world.deliver([
    { ...order, id: '1' },
    { ...order, id: '2', test: true },
    { ...order, id: '3', lines: [{ sku: 'l', quantity: 300 }] },
  ]);
  const [live, test, large] = world.stored().map(({ lines: [line] }) => line);
  const text = live?.state === 'issued' ? live.issued.serial : '';
  expect(licenseeIn(text, 7, [{ number: 1, seed }])).toBe('José Núñez');
  const issuedAt = Date.parse('2026-11-20T23:00:00Z');
  const id = licenceId('plain#1', 0, 1);
  const licence = { product: 7, issuedAt, months: 12, seats: 3, id, licensee: 'José Núñez' };
  expect(text).toBe(signLicence(licence, { number: 1, seed }));
  // An app that knows all keys of the seller refuses the licence of a test order.
  const tested = test?.state === 'issued' ? test.issued.serial : '';
  expect([bytesOf(tested)[0], licenseeIn(tested, 7, [{ number: 0, seed }])]).toEqual([0x10, undefined]);
  expect(large).toMatchObject({ state: 'held', reason: 'generator' });
});
