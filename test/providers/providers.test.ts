/** Tests every provider against its evidence: functions/providers/NAME/samples/evidence.json describes each body and signature. */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checksOf } from '../../bin/commands/provider/checks.ts';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { providers } from '../../functions/providers/index.ts';
import { simulators } from '../fixtures/simulators.ts';

const fixtures = new URL('../../functions/providers/', import.meta.url);
test('every provider has evidence, and every evidence file belongs to a provider', () => {
  const withEvidence = readdirSync(fixtures).filter((name) =>
    existsSync(new URL(`${name}/samples/evidence.json`, fixtures)),
  );
  expect(withEvidence).toEqual(Object.keys(providers).sort());
});

describe.each(Object.entries(providers))('%s', (name, provider) => {
  test.each(checksOf(provider, fileURLToPath(new URL(name, fixtures))))('$name', ({ run }) => run());
});

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
    ['dodo', 'webhook-timestamp', '.', `5.${tail}`, `${at}.5`],
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
