// https://developer.paypal.com/api/nvp-soap/ipn/IPNandPDTVariables and paypal/ipn-code-samples, php/PaypalIPN.php (the post back)
import * as z from 'zod/mini';
import { form, part, uniqueFields } from '../../core/inbound/body.ts';
import { ignoredEvent, isFree, type Reversal, reversed, type SoldLine } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { findRegistration } from '../../core/inbound/registration.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import * as s from '../../core/inbound/shapes.ts';
import { toEmailKey } from '../../core/mail/address.ts';
import { decode1252 } from '../../core/serial/charset.ts';

const RECEIVER = 'the primary mail address or the merchant ID of your PayPal account, or a list of them';
const account = z.string(RECEIVER).check(z.regex(/\S/, RECEIVER));
export const Options = z.strictObject({
  receiver: z.union([account, z.array(account).check(z.minLength(1, RECEIVER))], RECEIVER),
});

export const paypalIpn: Provider = {
  name: 'paypal-ipn',
  keyless: true,
  apiUrl: 'https://ipnpb.paypal.com/cgi-bin/webscr',
  options: Options,

  async verify({ body }, { api, ask }) {
    if (body.length === 0) throw new Rejection('no_signature', 'the body is empty; expected an IPN');
    const answer = await ask(api?.url ?? paypalIpn.apiUrl ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'Keypost' },
      body: Buffer.concat([Buffer.from('cmd=_notify-validate&'), body]),
    });
    if (answer.trim() === 'VERIFIED') return;
    if (answer.trim() !== 'INVALID')
      throw new Rejection('provider_unavailable', 'PayPal answered neither VERIFIED nor INVALID');
    throw new Rejection(
      'bad_signature',
      'PayPal says INVALID; is the API URL that of live or sandbox, as sent?',
    );
  },

  read({ body }, context) {
    const fields = fieldsOf(body);
    const text = (name: string) => fields.get(name);
    const [status = '', type = ''] = [text('payment_status'), text('txn_type')];
    const gross = s.maybeDecimal.parse(text('mc_gross')?.replace('-', ''));
    const amount = s.moneyOf(gross, s.maybeCurrency.parse(text('mc_currency')));
    const [subscription, parent] = [text('subscr_id') ?? text('recurring_payment_id'), text('parent_txn_id')];
    const common = { test: text('test_ipn') === '1', amount };
    const at = toTime(text('payment_date') ?? text('subscr_date'));
    const [kind, state] = REVERSALS.get(status) ?? [];
    if (kind && state) {
      if (kind === 'refund' && isFree(amount)) return [];
      // A reversal and its cancellation have only the payment in common.
      const reversalId = part(s.id, kind === 'refund' ? text('txn_id') : (parent ?? subscription));
      const order = { id: part(s.id, subscription ?? parent), test: common.test };
      const extent = kind === 'refund' && amount ? 'partial' : 'full';
      return [reversed(order, reversalId, { kind, state, part: extent, amount, at })];
    }
    const price = text('mc_amount1') ?? (text('period_type') === 'Trial' ? text('amount') : undefined);
    const startsTrial = STARTS.test(type) && Number(price ?? 1) === 0;
    // A negative amount is one that the seller pays.
    const isPaid = status === 'Completed' && !text('mc_gross')?.startsWith('-');
    const ignored = { id: text('txn_id') ?? '', ...common };
    if (!startsTrial && !isPaid) return UNPAID.test(status) ? [] : ignoredEvent(status, ignored);
    if (!startsTrial && !SALES.test(type)) return ignoredEvent(type, ignored);
    const { registration, held } = findRegistration(attributesOf(fields), context.licenseeField);
    const reason = isReceiver(fields, context) ? held : 'wrong_payee';
    return [
      {
        kind: startsTrial || (subscription && isFree(amount)) ? 'trial' : 'paid',
        // Each payment of a subscription has an ID of its own, and none is marked as the first.
        ...{ id: part(s.id, subscription ?? text('txn_id')), ...common, placedAt: at },
        printed: s.printed.parse(text('invoice')),
        buyer: {
          name: s.joinName(text('first_name'), text('last_name')),
          ...{ email: text('payer_email'), company: text('payer_business_name') },
          ...{ country: text('residence_country'), registration },
        },
        lines: linesOf(fields, amount, context).map((line) => ({ ...line, held: reason ?? line.held })),
      },
    ];
  },

  idIn({ body }) {
    const fields = form(body, 'latin1');
    const names = ['subscr_id', 'recurring_payment_id', 'txn_id'];
    if (REVERSALS.has(fields.get('payment_status') ?? '')) names.splice(2, 1, 'parent_txn_id');
    return part(s.id, names.map((name) => fields.get(name)).find(Boolean));
  },
};

const STARTS = /^(subscr_signup|recurring_payment_profile_created)$/;
const SALES = /^(web_accept|cart|express_checkout|pro_hosted|virtual_terminal|(subscr|recurring)_payment)?$/;
/** A completed payment that is not one to the seller is none of these. */
const UNPAID = /^(Completed|Created|Denied|Expired|Failed|In-Progress|Pending|Voided)?$/;
const REVERSALS = new Map<string, readonly [kind: Reversal['kind'], state: Reversal['state']]>([
  ['Refunded', ['refund', 'done']],
  ['Partially_Refunded', ['refund', 'done']],
  ['Reversed', ['chargeback', 'open']],
  ['Canceled_Reversal', ['chargeback', 'won']],
]);

type Fields = ReadonlyMap<string, string>;

/** Decodes the form by its field `charset`. Latin-1 keeps the bytes of each field. */
function fieldsOf(body: Buffer): Fields {
  const bytes = [...uniqueFields(form(body, 'latin1'))];
  const charset = new Map(bytes).get('charset')?.replaceAll('_', '-') ?? 'utf-8';
  if (/^(windows-1252|iso-8859-1|us-ascii)$/i.test(charset))
    return new Map(bytes.map(([name, value]) => [name, decode1252(value)]));
  try {
    const decoder = new TextDecoder(charset, { fatal: true });
    return new Map(bytes.map(([name, value]) => [name, decoder.decode(Buffer.from(value, 'latin1'))]));
  } catch {
    throw new Rejection('bad_body', 'the form is not in its charset, or the charset is unknown');
  }
}

/** A button's page can name any account, and PayPal confirms such a payment too. */
function isReceiver(fields: Fields, { options }: Context): boolean {
  const accounts = [part(Options, options).receiver].flat().map(toEmailKey);
  const received = ['receiver_email', 'receiver_id'].map((name) => toEmailKey(fields.get(name) ?? ''));
  return received.some((one) => accounts.includes(one));
}

/** The items of a cart are numbered from 1; any other payment has one item without a number. */
function linesOf(fields: Fields, amount: SoldLine['paid'], { knows }: Context): SoldLine[] {
  const items = [...fields.keys()].flatMap((name) => ITEM.exec(name)?.[1] ?? []);
  const numbers = [...new Set(items.length > 0 ? items : [''])];
  return numbers.map((n) => {
    const skus = ['item_number', 'item_name', 'product_name'].flatMap((name) => fields.get(name + n) ?? []);
    const gross = s.moneyOf(s.maybeDecimal.parse(fields.get(`mc_gross_${n}`)), amount?.currency);
    const [paid, quantity] = [numbers.length > 1 ? gross : amount, fields.get(`quantity${n}`)];
    return s.soldLine({
      sku: skus.find(knows) ?? skus[0],
      quantity: s.maybeQuantity.parse(quantity),
      paid,
    });
  });
}

/** The fields of the form, and what the buyer typed into the options of a button. */
const attributesOf = (fields: Fields) =>
  [...fields].flatMap(([name, value]) => {
    const typed = name.startsWith('option_name') ? fields.get(name.replace('name', 'selection')) : undefined;
    return typed ? [{ name: value, value: typed }] : [{ name, value }];
  });

/** Such as 06:03:18 Nov 20, 2026 PST. */
function toTime(date: string | undefined): string | undefined {
  const ms = Date.parse(date ?? '');
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

const ITEM = /^(?:item_(?:number|name)|mc_gross_)(\d+)$/;
