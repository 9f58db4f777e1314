// https://docs.2checkout.com, "Instant Payment Notification (IPN)": parameters, triggers, hash, read receipt; 2checkout-php-sdk,
// IpnSignature.php. 2Checkout belongs to Verifone, and was Avangate.
import { createHmac } from 'node:crypto';
import { form, part } from '../../core/inbound/body.ts';
import { ignoredEvent, isFree, type OrderEvent, type Sale } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { findRegistration } from '../../core/inbound/registration.ts';
import * as s from '../../core/inbound/shapes.ts';
import { requireEqual } from '../../core/inbound/signature.ts';
import { paid } from './paid.ts';

export const twoCheckout: Provider = {
  name: '2checkout',
  apiUrl: 'https://api.2checkout.com',

  verify({ body }, { keys }) {
    const [strongest] = signaturesOf(body);
    requireEqual(strongest?.received, strongest ? keys.map(strongest.expected) : []);
  },

  read({ body }, context) {
    const reader = readerOf(body);
    const { text, money, time } = reader;
    const [id, status = ''] = [part(s.id, text('REFNO')), text('ORDERSTATUS')];
    const amount = money(text('IPN_TOTALGENERAL'));
    const at = time(text('IPN_DATE')?.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3 $4:$5:$6'));
    const order = { id, test: text('TEST_ORDER') === '1' || text('PAYMETHOD_CODE') === 'TEST' };
    const resolution = text('CHARGEBACK_RESOLUTION') ?? 'NONE';
    const state = resolution === 'WON' ? 'won' : resolution === 'OPEN' ? 'open' : 'lost';
    const dispute = { kind: 'chargeback', state, part: 'full', at } as const;
    const disputed: OrderEvent = { kind: 'reversed', ...order, reversalId: 'chargeback', reversal: dispute };
    const events = resolution === 'NONE' ? [] : [disputed];
    if (/^(REFUND|REVERSED)$/.test(status) || text('IPN_TOTALGENERAL')?.startsWith('-')) {
      const extent = text('REFUND_TYPE') === 'PARTIAL' ? 'partial' : 'full';
      const reversal = { kind: 'refund', state: 'done', part: extent, amount, at } as const;
      const reversalId = (extent === 'partial' && text('MESSAGE_ID')) || 'refund';
      return isFree(amount) ? events : [...events, { kind: 'reversed', ...order, reversalId, reversal }];
    }
    if (status === 'COMPLETE' || UNPAID.test(status))
      return [...events, ...parseSale({ ...order, amount }, status === 'COMPLETE', reader, context)];
    return events.length > 0 || UNSOLD.test(status) ? events : ignoredEvent(status, { ...order, amount });
  },

  idIn: ({ body }) => part(s.id, form(body, 'latin1').get('REFNO')),

  paid,

  /** 2Checkout sends a notification again until the answer has a receipt that is signed as the notification is. */
  answer(_done, { body }, { keys, now }) {
    const { text, list } = readerOf(body, 'latin1');
    const date = new Date(now).toISOString().replace(/\D/g, '').slice(0, 14);
    const values = [list('PID')[0], list('PNAME')[0], text('IPN_DATE'), date];
    const receipts = signaturesOf(body).map(({ algorithm, received, expected }) => {
      const hash = macOf(algorithm, keys.find((key) => expected(key) === received) ?? '', values);
      if (algorithm === 'md5') return `<EPAYMENT>${date}|${hash}</EPAYMENT>`;
      return `<sig algo="${algorithm}" date="${date}">${hash}</sig>`;
    });
    return { status: 200, body: receipts.join('\n') };
  },
};

const UNPAID = /^(PENDING(_APPROVAL|_ORDER_APPROVAL)?|PURCHASE_PENDING|PAYMENT_(AUTHORIZED|RECEIVED))$/;
const UNSOLD = /^(CANCELED|INVALID|SUSPECT|TEST|PROCESSING|)$/;
/** The fields with a signature, the strongest first. */
const ALGORITHMS = { SIGNATURE_SHA3_256: 'sha3-256', SIGNATURE_SHA2_256: 'sha256', HASH: 'md5' } as const;

/** Each value is signed behind its length in bytes, in the order of the form. Latin-1 keeps the bytes. */
function signaturesOf(body: Buffer) {
  const fields = form(body, 'latin1');
  const values = [...fields].flatMap(([name, value]) => (Object.hasOwn(ALGORITHMS, name) ? [] : value));
  return Object.entries(ALGORITHMS).flatMap(([name, algorithm]) => {
    const received = fields.get(name)?.toLowerCase();
    return received
      ? [{ algorithm, received, expected: (key: string) => macOf(algorithm, key, values) }]
      : [];
  });
}

function macOf(algorithm: string, key: string, values: readonly (string | undefined)[]): string {
  const text = values.map((value = '') => value.length + value).join('');
  return createHmac(algorithm, key).update(text, 'latin1').digest('hex');
}

/** Reads a field, a list (PHP calls it `IPN_PID[]` or `IPN_PID[0]`), an amount, and a time such as 2026-11-20 16:03:18. */
function readerOf(body: Buffer, charset: 'utf8' | 'latin1' = 'utf8') {
  const fields = form(body, charset);
  const text = (name: string) => fields.get(name) || undefined;
  const currency = s.maybeCurrency.parse(text('CURRENCY'));
  return {
    ...{ fields, text },
    list: (name: string) =>
      [...fields].flatMap(([one, value]) => (one.replace(/\[\d*\]$/, '') === `IPN_${name}` ? value : [])),
    money: (value = '') => s.moneyOf(s.maybeDecimal.parse(value.replace('-', '')), currency),
    time(date: string | undefined): string | undefined {
      const ms = Date.parse(`${date} ${text('TIMEZONE_OFFSET') ?? 'GMT'}`);
      return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
    },
  };
}

/** A renewal has the reference of its subscription, which is an alias of the first order. */
function parseSale(
  order: Pick<Sale, 'id' | 'test' | 'amount'>,
  isPaid: boolean,
  { fields, text, list, money, time }: ReturnType<typeof readerOf>,
  { knows, licenseeField }: Context,
): OrderEvent[] {
  const [types, owners, placedAt] = [list('LICENSE_TYPE'), list('LICENSE_PROD'), time(text('SALEDATE'))];
  const aliases = list('LICENSE_REF').flatMap((one) => (one ? `subscription ${one}` : []));
  if (types.length > 0 && types.every((type) => type.startsWith('RENEW'))) {
    if (!isPaid || isFree(order.amount)) return [];
    const about = { ...order, aliases: [order.id], placedAt, buyer: {}, lines: [] };
    return aliases.map((id) => ({ kind: 'renewed', ...about, id }));
  }
  const attributes = [...fields].map(([name, value]) => {
    const isCustom = name.startsWith('IPN_CUSTOM');
    return isCustom ? { name: value, value: text(name.replace('TEXT', 'VALUE')) } : { name, value };
  });
  const { registration, held } = findRegistration(attributes, licenseeField);
  const [codes, totals, quantities] = [list('PCODE'), list('TOTAL'), list('QTY')];
  const lines = list('PID').map((pid, at) => {
    const skus = [codes[at], pid].flatMap((sku) => sku || []);
    const [paid, sku] = [money(totals[at]), skus.find(knows) ?? skus[0]];
    const quantity = s.maybeQuantity.parse(quantities[at]);
    const isTrial = isFree(paid) && types.some((type, n) => type === 'TRIAL' && owners[n] === pid);
    return { ...s.soldLine({ sku, quantity, paid, held }), isTrial };
  });
  const { kind, ...sold } = s.withTrials(lines);
  const until = kind === 'trial' ? time(list('LICENSE_EXP')[0]) : undefined;
  // A gift is for the person of the delivery.
  const [suffix, email] = text('GIFT_ORDER') === '1' ? ['_D', 'EMAIL_D'] : ['', 'CUSTOMEREMAIL'];
  const buyer = {
    name: ['FIRSTNAME', 'LASTNAME'].flatMap((name) => text(name + suffix) ?? []).join(' ') || undefined,
    ...{ email: text(email), company: text(`COMPANY${suffix}`), registration },
    ...{ country: text('COUNTRY_CODE')?.toUpperCase(), locale: text('LANGUAGE') },
  };
  return [{ ...order, ...sold, kind: isPaid ? kind : 'announced', aliases, placedAt, until, buyer }];
}
