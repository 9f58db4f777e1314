import { gzipSync } from 'node:zlib';
import { ownerOf } from './catalogue/catalogue.ts';
import type { ProviderKeys } from './catalogue/keys.ts';
import type { Context } from './inbound/provider.ts';
import type { WebhookRequest } from './inbound/request.ts';
import { deliver } from './mail/deliver.ts';
import { recordIgnored, recordReversal, recordSale, recordUnreadable } from './order/record.ts';
import { idIn, type Raw } from './order/types.ts';
import { hasKey, judgeWith } from './serial/lines.ts';
import type { Ports, World } from './world.ts';

/** Ends our own work on a request: the least patient provider gives up after five seconds. */
const WORK_MS = 4_000;
/** Reserved for one send. With less time left, or after three mails, the remaining mails are left to `redeliver`. */
const SEND_MS = 1_500;
const INLINE_MAILS = 3;
/** Reserved for marking a mail as sent; otherwise it would be sent twice. */
const MARK_MS = 1_000;
/** The part of the time that programs get. A serial that takes longer is left to `redeliver`. */
const GENERATE_MS = 1_000;

/** The types of ignored events with an amount that this instance has reported. */
const noticed = new WeakMap<Ports, Set<string>>();

/** Makes the ports of one request of `provider`. Its time starts now. */
export function requestWorld(shared: Ports, provider: string, request: WebhookRequest): World {
  const { catalogue, report, now } = shared;
  const end = now() + WORK_MS;
  const store = shared.store.within?.(() => Math.max(end - now(), MARK_MS)) ?? shared.store;
  const ports = { ...shared, store };
  let mails = 0;
  let used: ProviderKeys = {};
  let generateUntil: number | undefined;
  const { generate } = shared;
  const mayMail = () => mails < INLINE_MAILS && end - now() >= SEND_MS;

  return {
    catalogue,
    provider,
    report,
    async context() {
      used = await shared.providerKeys.read();
      const newer =
        used[provider]?.signing.length || catalogue.providers[provider]?.mail
          ? undefined
          : await shared.providerKeys.newer(used);
      used = newer ?? used;
      return contextFrom(shared, provider, used);
    },
    async refreshedContext() {
      const newer = await shared.providerKeys.newer(used);
      used = newer ?? used;
      return newer && contextFrom(shared, provider, newer);
    },
    productKeys: {
      async read() {
        const keys = await shared.productKeys.read();
        const complete = Object.entries(catalogue.products).every(([id, product]) =>
          hasKey(product, keys[id]),
        );
        if (complete) return keys;
        return (await shared.productKeys.newer(keys).catch(() => undefined)) ?? keys;
      },
    },
    generate:
      generate &&
      ((product, input) => {
        generateUntil ??= now() + GENERATE_MS;
        return generate(product, input, Math.max(0, generateUntil - now()));
      }),
    async findReleased(hash) {
      const item = await store.get(`held#${provider}#${hash}`);
      return item?.kind === 'alias' ? idIn(item.aliasOf) : undefined;
    },
    async record(event) {
      const raw = () => rawOf(provider, request, used[provider]?.signing ?? []);
      switch (event.kind) {
        case 'reversed': {
          const judge = async () => judgeWith({ catalogue, keys: await shared.productKeys.read() }, provider);
          return await recordReversal(ports, ownerOf(catalogue, provider), { ...event, raw }, judge);
        }
        case 'ignored': {
          const known = noticed.get(shared) ?? new Set();
          const type = `${provider}#${event.type}`;
          if (!event.amount || known.has(type)) report('ignored', { provider, type: event.type });
          else await recordIgnored(ports, provider, event);
          if (event.amount) noticed.set(shared, known.add(type));
          return {};
        }
        case 'unreadable':
          return await recordUnreadable(ports, event, raw(), event.reason ?? 'bad_body');
        case 'sale':
          return await recordSale(ports, { ...event, sale: { ...event.sale, raw } }, mayMail());
      }
    },
    async mail(mail) {
      if (!mayMail()) return;
      mails += 1;
      await deliver(ports, mail);
    },
  };
}

/** Makes the context of a provider. */
export function contextFrom(
  { catalogue, now, ask }: Pick<Ports, 'catalogue' | 'now' | 'ask'>,
  provider: string,
  keys: ProviderKeys,
): Context {
  const { signing = [], api } = keys[provider] ?? {};
  const settings = catalogue.providers[provider];
  const skus = new Set(Object.values(catalogue.products).flatMap((product) => product.skus[provider] ?? []));
  for (const sku of settings?.ignore ?? []) skus.add(sku);
  return {
    keys: signing,
    now: now(),
    api,
    licenseeField: settings?.licenseeField ?? 'licensee',
    hasOrderPage: catalogue.pages !== undefined,
    options: settings?.options ?? {},
    mail: settings?.mail,
    knows: (sku) => skus.has(sku),
    ask,
  };
}

function rawOf(provider: string, request: WebhookRequest, secrets: readonly string[]): Raw {
  const query = new URLSearchParams(request.query);
  for (const [name, value] of [...query]) if (secrets.includes(value)) query.delete(name);
  const headers = Object.entries(request.headers).filter(
    // The DynamoDB client cannot store a map that has `constructor` or `__proto__` as a key of its own.
    ([name, value]) => !(name in {}) && !PROOF.test(name) && !secrets.includes(value),
  );
  return {
    provider,
    method: request.method,
    headers: Object.fromEntries(headers),
    query: query.toString(),
    body: gzipSync(request.body),
  };
}

/** Headers with a proof of the sender, or the sender's own address; these are not stored. */
const PROOF = /auth|cookie|secret|token|key|sig|hmac|hash|forwarded/;
