import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { askApi, findInApi } from '../../../functions/core/inbound/ask-api.ts';
import { form, uniqueFields } from '../../../functions/core/inbound/body.ts';
import { findRegistration } from '../../../functions/core/inbound/registration.ts';
import { Rejection, type RejectionCode } from '../../../functions/core/inbound/rejection.ts';
import { currency, formQuantity, id, pathId } from '../../../functions/core/inbound/shapes.ts';
import { requireStandardWebhook } from '../../../functions/core/inbound/signature.ts';

const api = { key: 'rk', url: 'https://api.example.com/' };
const Answer = z.object({ ok: z.boolean() });

function contextWith(answer: string | RejectionCode) {
  const calls: unknown[] = [];
  const ask = async (...call: unknown[]) => {
    calls.push(call);
    if (answer.startsWith('provider_')) throw new Rejection('provider_refused', '404');
    if (answer === 'keys_unavailable') throw new Rejection('provider_unavailable', '503');
    return answer;
  };
  return { calls, context: { api, ask } };
}

describe('a call of the provider API', () => {
  test('sends the API key as bearer token to the path below the address', async () => {
    const { calls, context } = contextWith('{"ok":true}');
    expect(await askApi(context, Answer, '/v1/orders')).toEqual({ ok: true });
    expect(calls).toEqual([
      ['https://api.example.com/v1/orders', { headers: { authorization: 'Bearer rk' } }],
    ]);
  });

  test('sends the given method, body and headers instead of the defaults', async () => {
    const { calls, context } = contextWith('{"ok":true}');
    const init = { method: 'POST', headers: { authorization: 'Basic x' }, body: 'a=b' };
    await askApi(context, Answer, '/token', init);
    expect(calls).toEqual([['https://api.example.com/token', init]]);
  });

  test('finds nothing if the API refuses or if there is no API key', async () => {
    const { context } = contextWith('provider_refused');
    expect(await findInApi(context, Answer, '/v1/orders')).toBeUndefined();
    const { calls, context: other } = contextWith('{"ok":true}');
    expect(await findInApi({ ...other, api: undefined }, Answer, '/v1/orders')).toBeUndefined();
    expect(calls).toEqual([]);
  });

  test.each([
    ['the API is unavailable', 'keys_unavailable', 'provider_unavailable'],
    ['the answer is not as documented', '{}', 'bad_body'],
  ])('throws if %s', async (_, answer, code) => {
    const { context } = contextWith(answer);
    await expect(findInApi(context, Answer, '/v1/orders')).rejects.toMatchObject({ code });
  });
});

describe('the fields of a form', () => {
  test('are returned by name, without empty ones', () => {
    expect([...uniqueFields(form('a=1&b=&c=x+y'))]).toEqual([
      ['a', '1'],
      ['c', 'x y'],
    ]);
  });

  test.each(['a=1&a=1', 'a=1&b=2&a=', '%61=1&a=2'])('are refused if a name occurs twice: %s', (text) => {
    expect(() => uniqueFields(form(text))).toThrow('the form has a field more than once');
  });
});

test.each([
  ['msg_1', 'accepted'],
  ['msg_1.1795402805', 'bad_signature'],
])('Standard Webhooks: a well signed request with the ID %s is %s', (id, expected) => {
  const [key, at, body] = [Buffer.alloc(32, 7), '1795402805', Buffer.from('{}')];
  const signature = createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest('base64');
  const headers = { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${signature}` };
  const codeOf = () => {
    try {
      requireStandardWebhook({ headers, body }, [key], Number(at) * 1000);
      return 'accepted';
    } catch (error) {
      return error instanceof Rejection ? error.code : error;
    }
  };
  expect(codeOf()).toBe(expected);
});

describe('the licence name among the attributes', () => {
  const name = (value: unknown, field = 'licensee') => ({ name: field, value });
  test.each<[string, ReturnType<typeof name>[], object]>([
    ['no attribute', [], { registration: undefined, held: undefined }],
    ['another attribute', [name('x', 'colour')], { registration: undefined, held: undefined }],
    ['one name on every line', [name('Zoë'), name('Zoë')], { registration: 'Zoë', held: undefined }],
    ['a value that is not text', [name(5), name('Zoë')], { registration: 'Zoë', held: undefined }],
    ['two names', [name('Zoë'), name('José')], { registration: undefined, held: 'no_name' }],
  ])('of an order with %s', (_, attributes, expected) => {
    expect(findRegistration(attributes, 'licensee')).toEqual(expected);
  });
});

describe('the shapes of the providers', () => {
  test.each([
    ['currency', currency, 'eur', 'EUR'],
    ['form quantity', formQuantity, '12', 12],
    ['missing form quantity', formQuantity, undefined, 1],
    ['ID', id, 'A b#1', 'A b#1'],
    ['path ID', pathId, 'pi_1-2', 'pi_1-2'],
  ])('accept a %s', (_, schema, value, output) => {
    expect(schema.parse(value)).toBe(output);
  });

  test.each([
    ['currency of four letters', currency, 'EURO'],
    ['form quantity of 0', formQuantity, '0'],
    ['form quantity with an exponent', formQuantity, '1e3'],
    ['empty ID', id, ''],
    ['ID that is not ASCII', id, 'é'],
    ['path ID with a slash', pathId, 'a/../b'],
  ])('refuse a %s', (_, schema, value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });
});
