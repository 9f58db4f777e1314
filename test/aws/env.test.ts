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

test('is what the stack has told and nothing else', () => {
  expect(webhookEnv({ ...ENV, AWS_SECRET_ACCESS_KEY: 'secret' })).toEqual(ENV);
});

test.each(Object.keys(ENV))('%s has to be told, and not as nothing', (name) => {
  for (const value of [undefined, '']) expect(() => webhookEnv({ ...ENV, [name]: value })).toThrow(name);
});

test.each(['5m', '-1', '1e3', '123456', ' 300'])('keys are not cached for %j seconds', (seconds) => {
  expect(() => webhookEnv({ ...ENV, KEYS_CACHED_SECONDS: seconds })).toThrow('KEYS_CACHED_SECONDS');
});
