/** The rehearsal runs the whole pipeline and has no effect outside. */
import { createCipheriv } from 'node:crypto';
import { beforeEach, expect, test, vi } from 'vitest';
import { toMime } from '../../functions/aws/ses/mime.ts';
import { rehearse } from '../../functions/aws/warm.ts';
import { type Catalogue, defineConfig } from '../../functions/core/catalogue/catalogue.ts';
import type { Provider } from '../../functions/core/inbound/provider.ts';
import type { Ports } from '../../functions/core/world.ts';
import { shop } from '../../functions/providers/shop/provider.ts';
import { seller, serial } from '../fixtures/catalogue.ts';

vi.mock('../../functions/aws/ses/mime.ts', { spy: true });
vi.mock('node:crypto', { spy: true });
beforeEach(() => vi.clearAllMocks());

const catalogue = (testOrders: 'ignore' | 'seller') =>
  defineConfig({
    seller,
    providers: { shop: { testOrders } },
    products: {
      widget: {
        name: 'Widget',
        serial,
        skus: { shop: ['widget-1'] },
      },
    },
  });

function touched() {
  const called: string[] = [];
  const touch = (name: string) => () => {
    called.push(name);
    return Promise.reject(new Error(name));
  };
  const secret = { read: touch('secret'), newer: touch('secret') };
  const store = { get: touch('get'), put: touch('put') };
  const shared = (of: Catalogue): Ports => ({
    catalogue: of,
    now: () => Date.parse('2026-11-23T03:00:00Z'),
    ask: touch('ask'),
    report: touch('report'),
    mailer: touch('mailer'),
    productKeys: secret,
    providerKeys: secret,
    store,
  });
  return { called, shared };
}

/** Its parser asks the provider's API, as some do, and throws no Rejection. */
function askingShop() {
  const read = vi.fn<Provider['read']>(async (_request, { ask }) =>
    JSON.parse(await ask('https://example.com')),
  );
  return { read, importProviders: async () => ({ providers: { shop: { ...shop, read } } }) };
}

test.each(['ignore', 'seller'] as const)(
  'the rehearsal formats a mail and parses a body without any call, test orders: %s',
  async (testOrders) => {
    const { called, shared } = touched();
    const { read, importProviders } = askingShop();
    await rehearse(shared(catalogue(testOrders)), importProviders);
    expect(read).toHaveBeenCalledOnce();
    expect(createCipheriv).toHaveBeenCalledOnce();
    expect(vi.mocked(toMime).mock.lastCall?.[0].to).toBe('seller@widgets.example.com');
    expect(called).toEqual([]);
  },
);

test('the rehearsal is skipped without a product', async () => {
  const { called, shared } = touched();
  const nothingSold = { ...catalogue('seller'), products: {} };
  await rehearse(shared(nothingSold), askingShop().importProviders);
  expect(toMime).not.toHaveBeenCalled();
  expect(called).toEqual([]);
});
