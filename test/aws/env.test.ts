import { expect, test } from 'vitest';
import { webhookEnv } from '../../functions/env.ts';

const ENV = {
  TABLE: 'orders',
  CONFIGURATION_SET: 'keypost',
  NAMESPACE: 'Keypost',
  PRODUCT_KEYS: 'product-keys',
  PROVIDER_KEYS: 'provider-keys',
  KEYS_CACHED_SECONDS: '300',
};

test('the environment is parsed from the variables of the stack and no others', () => {
  expect(webhookEnv({ ...ENV, AWS_SECRET_ACCESS_KEY: 'secret' })).toEqual(ENV);
});

test.each(Object.keys(ENV))('%s is required and must not be empty', (name) => {
  for (const value of [undefined, '']) expect(() => webhookEnv({ ...ENV, [name]: value })).toThrow(name);
});

test.each(['5m', '-1', '1e3', '123456', ' 300'])('a cache time of "%s" seconds is refused', (seconds) => {
  expect(() => webhookEnv({ ...ENV, KEYS_CACHED_SECONDS: seconds })).toThrow('KEYS_CACHED_SECONDS');
});
