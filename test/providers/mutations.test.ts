/** Sets each field of each sale to values of other types: the order is sold, unless it needs the field. */
import { describe, expect, test } from 'vitest';
import type { OrderEvent } from '../../functions/core/inbound/event.ts';
import { providers } from '../../functions/providers/index.ts';
import { contextWith } from '../fixtures/catalogue.ts';
import { sampleOf } from '../fixtures/sample.ts';

const VALUES = [undefined, null, [], '', 0, {}, 'x', -1, 1.5, 10_001, true, ['x'], 'x'.repeat(2_000)];

/** A sale or a trial, the fields that it needs, and the list of its lines. */
interface Sample {
  readonly file: string;
  readonly needs: RegExp;
  readonly lines?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, unknown>>;
}
const SALES: Readonly<Record<string, Sample>> = {
  stripe: {
    file: 'checkout.session.completed.json',
    // Without the payment it would be another order.
    needs: /^(object|type|livemode|data|data\.object|data\.object\.(id|mode|payment_status|payment_intent))$/,
  },
  paypal: {
    file: 'PAYMENT.CAPTURE.COMPLETED.json',
    needs:
      /^(event_type|resource|resource\.(id|supplementary_data|supplementary_data\.related_ids|supplementary_data\.related_ids\.order_id))$/,
    options: { payee: 'EXAMPLEMERCH1' },
  },
  shopify: {
    file: 'orders-paid.json',
    // A line of which no copy is left is not sold.
    needs: /^(id|financial_status|line_items|line_items\.0\.current_quantity)$/,
    headers: { 'x-shopify-topic': 'orders/paid' },
  },
  woocommerce: {
    file: 'order.updated.completed.json',
    needs: /^(id|status|date_paid_gmt|line_items)$/,
    lines: 'line_items',
    headers: { 'x-wc-webhook-topic': 'order.updated' },
  },
  paddle: {
    file: 'transaction.completed.json',
    needs: /^(event_type|data|data\.id|data\.details|data\.details\.line_items)$/,
    lines: 'data.details.line_items',
  },
  fastspring: {
    file: 'order.completed.json',
    needs: /^(events|events\.0|events\.0\.(id|type|live|data|data\.reference|data\.items))$/,
    lines: 'events.0.data.items',
  },
  polar: { file: 'order.paid.json', needs: /^(type|data|data\.id)$/ },
  lemonsqueezy: {
    file: 'order_created.json',
    needs: /^(meta|meta\.event_name|data|data\.id|data\.attributes|data\.attributes\.status)$/,
  },
  dodo: {
    file: 'payment.succeeded.json',
    // With a subscription it would be another order.
    needs: /^(type|data|data\.(payment_id|subscription_id|is_update_payment_method))$/,
  },
  creem: { file: 'checkout.completed.json', needs: /^(eventType|object|object\.order|object\.order\.id)$/ },
  freemius: {
    file: 'payment.created.json',
    // The order is that of the licence.
    needs: /^(type|objects|objects\.payment|objects\.payment\.(license_id|is_renewal))$/,
  },
  'dodo, a trial': {
    file: 'subscription.active.json',
    // Without them it is no trial.
    needs: /^(type|data|data\.(subscription_id|trial_period_days|trial_amount))$/,
  },
  'creem, a trial': { file: 'subscription.trialing.json', needs: /^(eventType|object|object\.id)$/ },
  'freemius, a trial': {
    file: 'subscription.created.json',
    needs: /^(type|objects|objects\.subscription|objects\.subscription\.(license_id|trial_ends))$/,
  },
  shop: { file: 'order.paid.json', needs: /^(type|data|data\.(id|test|items))$/, lines: 'data.items' },
};

function pathsOf(value: unknown, path: string): string[] {
  const below =
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, part]) => pathsOf(part, path ? `${path}.${name}` : name))
      : [];
  return path ? [path, ...below] : below;
}

const at = (whole: unknown, names: readonly string[]): unknown =>
  names.reduce<unknown>((part, name) => Object(part)[name], whole);

/** The sample with each of the values at `path`, as bytes. */
function mutants(sample: unknown, path: string): (readonly [value: unknown, body: Buffer])[] {
  const [before, after] = mutated(sample, path, MARK).toString().split(JSON.stringify(MARK));
  return VALUES.map((value) => [
    value,
    value === undefined
      ? mutated(sample, path, value)
      : Buffer.from(`${before}${JSON.stringify(value)}${after}`),
  ]);
}
const MARK = 'the place of the value';

function mutated(sample: unknown, path: string, value: unknown): Buffer {
  const whole = structuredClone(sample);
  const names = path.split('.');
  const last = names.pop() ?? '';
  const holder = at(whole, names);
  if (value === undefined && !Array.isArray(holder)) Reflect.deleteProperty(Object(holder), last);
  else Reflect.set(Object(holder), last, value);
  return Buffer.from(JSON.stringify(whole));
}

async function salesIn(
  name: string,
  body: Buffer,
  { headers = {}, options = {} }: Pick<Sample, 'headers' | 'options'> = {},
): Promise<OrderEvent[]> {
  const context = contextWith({ keys: ['a-key'], options });
  const request = { method: 'POST', headers, query: '', body };
  const events = (await providers[name]?.read(request, context)) ?? [];
  return events.filter(({ kind }) => kind === 'paid' || kind === 'trial');
}

describe.each(Object.entries(SALES))('%s', (title, { file, needs, ...settings }) => {
  const [name = ''] = title.split(',');
  const sample: unknown = JSON.parse(sampleOf(`${name}/${file}`).toString());
  const paths = pathsOf(sample, '');

  test('sells an order of which a field is not as documented', async () => {
    const [sale] = await salesIn(name, Buffer.from(JSON.stringify(sample)), settings);
    const failed: unknown[] = [];
    for (const path of paths.filter((one) => !needs.test(one)))
      for (const [value, body] of mutants(sample, path)) {
        const sold = await salesIn(name, body, settings).catch(String);
        if (typeof sold === 'string' || sold.length !== 1 || sold[0]?.id !== sale?.id)
          failed.push([path, value, sold]);
      }
    expect(failed).toEqual([]);
  });

  test('reads a quantity that is a text of digits like a number', async () => {
    // Metadata are texts always.
    for (const path of paths.filter((one) => /(?<!metadata\.)quantity$/.test(one))) {
      const [number, text] = [3, '3'].map((value) => salesIn(name, mutated(sample, path, value), settings));
      expect([path, await text]).toEqual([path, await number]);
    }
  });

  test('needs the fields that it says it needs', () => {
    expect(paths.filter((path) => needs.test(path)).length).toBeGreaterThan(2);
  });
});

const LISTS = Object.entries(SALES).flatMap(([name, { lines, ...sample }]) =>
  lines ? [[name, lines, sample] as const] : [],
);
test.each(LISTS)('%s holds one bad line of two, and sells the other', async (name, list, sample) => {
  const { file, ...settings } = sample;
  const whole: unknown = JSON.parse(sampleOf(`${name}/${file}`).toString());
  const items = at(whole, list.split('.'));
  if (!Array.isArray(items)) throw new Error(list);
  items.splice(
    0,
    Infinity,
    items[0],
    JSON.parse(JSON.stringify(items[0]).replaceAll(/widgetpro|pr[io]_/g, 'x_')),
  );
  const bodyOf = (body: Buffer) => salesIn(name, body, settings);
  const linesOf = (events: readonly OrderEvent[]) =>
    events.flatMap((one) => ('lines' in one ? one.lines : []));
  const [, good] = linesOf(await bodyOf(Buffer.from(JSON.stringify(whole))));
  for (const path of [`${list}.0`, ...pathsOf(items[0], `${list}.0`)])
    for (const [value, body] of mutants(whole, path)) {
      const [bad, other] = linesOf(await bodyOf(body));
      expect([path, value, other?.sku, other?.quantity, other?.held]).toEqual([
        path,
        value,
        good?.sku,
        good?.quantity,
        good?.held,
      ]);
      expect(bad?.quantity).toBeGreaterThan(0);
      // A number of copies that cannot be read is not taken for one copy.
      if (path.endsWith('.quantity') && (value === 'x' || value === 10_001))
        expect([path, value, bad?.held]).toEqual([path, value, expect.any(String)]);
    }
});

const FORM_OPTIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  gumroad: { sellerId: 'kL0psVL2admJSYRNs-EXAMPLE==', reread: false },
  'paypal-ipn': { receiver: 'sales@vendor.example.com' },
};
const FORMS = [
  ['bluesnap', 'bluesnap/CHARGE.form', /^(transactionType|referenceNumber|promoteContractsNum)$/],
  [
    'fastspring',
    'fastspring/license-request.form',
    /^(reference|internalProductName|security_request_hash)$/,
  ],
  ['2checkout', '2checkout/ipn-complete.form', /^(REFNO|ORDERSTATUS|IPN_TOTALGENERAL|IPN_PID\[\])$/],
  ['gumroad', 'gumroad/sale.form', /^(sale_id|resource_name)$/],
  // The charset decides how the name is decoded.
  ['paypal-ipn', 'paypal-ipn/ipn.completed.form', /^(txn_id|payment_status|txn_type|charset|mc_gross)$/],
] as const;
test.each(FORMS)('%s sells a form of which a field is not as documented', async (name, file, needs) => {
  const fields = [...new URLSearchParams(sampleOf(file).toString().trim())];
  const failed: unknown[] = [];
  for (const [field] of fields.filter(([one]) => !needs.test(one)))
    for (const value of [undefined, '', 'x', '0', '-1', '1.5', '10001', '[]', 'x'.repeat(2_000)]) {
      const changed = fields.flatMap(([one, was]): [string, string][] =>
        one !== field ? [[one, was]] : value === undefined ? [] : [[one, value]],
      );
      const body = Buffer.from(String(new URLSearchParams(changed)));
      const sold = await salesIn(name, body, { options: FORM_OPTIONS[name] ?? {} }).catch(String);
      if (typeof sold === 'string' || sold.length !== 1) failed.push([field, value, sold]);
    }
  expect(failed).toEqual([]);
});
