/** A provider's requests, sent the whole way through a world in memory. */
import { createDecipheriv } from 'node:crypto';
import { type CatalogueSettings, defineConfig } from '../functions/core/catalogue.ts';
import { fulfil } from '../functions/core/fulfil.ts';
import type { Claim } from '../functions/core/order.ts';
import type { Answer, Context, Provider, WebhookRequest } from '../functions/core/provider.ts';
import { requestWorld } from '../functions/core/request-world.ts';
import { memoryWorld, type Plan } from './memory.ts';

interface Selling {
  readonly settings?: CatalogueSettings['providers'][string];
  readonly skus: readonly string[];
  readonly signing: readonly string[];
  readonly api?: { readonly key: string; readonly url: string };
  readonly ask?: Context['ask'];
}

/** A shop that sells WidgetPro by the provider under each of the SKUs, each as a product of its own. */
export function deliveriesOf(name: string, provider: Provider, selling: Selling, plan?: Plan) {
  const products = selling.skus.map((sku, at) => [
    `widget-${at}`,
    {
      name: `Widget ${at}`,
      serial: { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: { alphabet: 'HEX' } },
      skus: { [name]: [sku] },
    } as const,
  ]);
  const catalogue = defineConfig({
    seller: { name: 'W', from: 'w@example.com', replyTo: 'w@example.com', alarms: 'a@example.com' },
    providers: { [name]: selling.settings ?? {} },
    products: Object.fromEntries(products),
  });
  const world = memoryWorld(catalogue, plan);
  const keys = { [name]: { signing: [...selling.signing], ...(selling.api ? { api: selling.api } : {}) } };
  const shared = {
    ...world.shared,
    providerKeys: { read: async () => keys, newer: async () => undefined },
    ask: selling.ask ?? world.shared.ask,
  };

  /** What the provider hears, as functions/webhook.ts would say it; 503 for whatever is thrown. */
  async function hear(request: WebhookRequest): Promise<Answer> {
    const done: Claim[] = [];
    const one = requestWorld(shared, name, request);
    try {
      for await (const claim of fulfil(one, provider, request)) done.push(claim);
    } catch {
      return done.length > 0 && provider.answerPartly
        ? provider.answerPartly(done, request, await one.context())
        : { status: 503, body: '' };
    }
    return provider.answer?.(done, request, await one.context()) ?? { status: 200, body: '' };
  }
  return { ...world, hear };
}

/** The name a serial was made from, found out by the key that all products have in memory. */
export function licenseeOf(serial: string): string {
  const decipher = createDecipheriv('aes-128-ecb', '1234567890123456', null);
  return Buffer.concat([decipher.update(serial, 'hex'), decipher.final()]).toString();
}
