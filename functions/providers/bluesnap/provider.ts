// https://support.bluesnap.com/docs/ipn-setup and /docs/ipn-parameter-reference; bluesnap/Magento-1-, Ipn.php (authKey, the OK
// answer, reversals); juspay/hyperswitch, connector bluesnap (the signature header, cbStatus). Formerly Plimus.
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { form, part } from '../../core/inbound/body.ts';
import type { Money, Reversed, Sale as Sold } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { requireEqual, requireFresh, requireHmac } from '../../core/inbound/signature.ts';

const Options = z.strictObject({
  /** Contracts whose serial BlueSnap prints itself, because it asks for it by its licence call: docs/providers/form.md. */
  answers: z._default(z.array(z.string()), []),
});

export const bluesnap: Provider = {
  // Its dashboard tries a new address with an empty GET.
  methods: ['POST', 'GET'],
  options: Options,

  verify({ method, headers, body }, { keys, now }) {
    if (method === 'GET') return;
    const { 'bls-signature': signature, 'bls-ipn-timestamp': time = '' } = headers;
    if (!signature) return requireEqual(authKey(body).given, keys.map(authKey(body).under));
    requireHmac({ keys, content: [time, body], signatures: [signature], encoding: 'hex' });
    // Time and body are signed without a separator: an open end would let bytes of the body count as time.
    const zoneless = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d{1,9})?$/.exec(time);
    // Nobody says which zone it is of; solution25com/bluesnap-payment-shopware-6 takes it for UTC too.
    requireFresh(zoneless ? String(Date.parse(`${zoneless[1]}T${zoneless[2]}Z`) / 1000) : '', now);
  },

  read({ method, body }, context) {
    if (method === 'GET') return [];
    const fields = fieldsOf(body);
    const { transactionType: type, ...common } = part(Common, fields);
    const test = common.testMode === 'Y' || [common.bluesnapNode, common.plimusNode].includes('99');
    const order = { id: common.referenceNumber, test };
    if (type === 'CHARGE') return [{ kind: 'paid', ...order, ...sold(fields, context) }];
    const fact = reversed(type, fields);
    return fact ? [{ kind: 'reversed', ...order, ...fact }] : [];
  },

  /** Older accounts want this body, the others look at the status; who has not shown the key does not get it. */
  answer(_done, { method, body }, { keys }) {
    const { given, under } = authKey(body);
    const key = method === 'GET' ? undefined : keys.find((one) => given === under(one));
    return { status: 200, body: key ? md5(`OK${key}`) : '' };
  },
};

/** What BlueSnap has put into the body, and what it would be under a key; it signs two numbers and nothing else. */
function authKey(body: Buffer) {
  const fields = new URLSearchParams(body.toString('latin1'));
  const signed = `${fields.get('referenceNumber') ?? ''}${fields.get('contractId') ?? ''}`;
  const given = fields.get('authKey') ?? fields.get('authkey') ?? undefined;
  return { given: given?.toLowerCase(), under: (key: string) => md5(signed + key) };
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

/** An empty field is none. */
function fieldsOf(body: Buffer): Readonly<Record<string, string>> {
  const fields = form(body);
  if (new Set(fields.keys()).size < [...fields].length)
    throw new Rejection('bad_body', 'the form has a field more than once');
  return Object.fromEntries([...fields].filter(([, value]) => value !== ''));
}

function sold(
  fields: Readonly<Record<string, string>>,
  { licenseeField, options }: Context,
): Pick<Sold, 'amount' | 'buyer' | 'lines'> {
  const sale = part(Sale, fields);
  const { answers } = part(Options, options);
  const more = Array.from({ length: Number(sale.promoteContractsNum) }, (_, at) =>
    part(Item, {
      contractId: fields[`promoteContractId${at}`],
      quantity: fields[`promoteContractQuantity${at}`],
    }),
  );
  const amount = money(sale);
  return {
    amount,
    buyer: {
      name: [sale.firstName, sale.lastName].filter(Boolean).join(' ') || undefined,
      email: sale.email,
      company: sale.company,
      country: sale.country,
      registration: part(text, Object.hasOwn(fields, licenseeField) ? fields[licenseeField] : undefined),
    },
    lines: [sale, ...more].map(({ contractId: sku, quantity }) => ({
      sku,
      quantity: Number(quantity),
      // The invoice is of all of them; what each of several has cost, with coupon and tax, stands nowhere.
      paid: more.length > 0 ? undefined : amount,
      delivery: answers.includes(sku) ? 'answer' : undefined,
    })),
  };
}

/** The amount of a refund is below zero; thousands have commas. */
const money = ({ invoiceChargeAmount, invoiceChargeCurrency }: z.output<typeof Amount>): Money | undefined =>
  invoiceChargeAmount && invoiceChargeCurrency
    ? { value: invoiceChargeAmount.replace(/[-,]/g, ''), currency: invoiceChargeCurrency.toUpperCase() }
    : undefined;

/** Of an order there is one chargeback; what BlueSnap calls CLOSED has no winner yet. */
function reversed(type: string, fields: unknown): Pick<Reversed, 'reversalId' | 'reversal'> | undefined {
  if (type === 'REFUND' || type === 'CANCELLATION_REFUND') {
    const { reversalRefNum, fullRefund, ...said } = part(Refund, fields);
    const whole = fullRefund === 'Y' ? 'full' : 'partial';
    const reversal = { kind: 'refund', state: 'done', part: whole, amount: money(said) } as const;
    return { reversalId: reversalRefNum ?? 'refund', reversal };
  }
  if (type !== 'CHARGEBACK' && type !== 'CHARGEBACK_STATUS_CHANGED') return undefined;
  const { cbStatus } = part(Chargeback, fields);
  const state = cbStatus === 'COMPLETED_WON' ? 'won' : cbStatus === 'COMPLETED_LOST' ? 'lost' : 'open';
  return { reversalId: 'chargeback', reversal: { kind: 'chargeback', state, part: 'full' } };
}

const id = z.string().check(z.regex(/^[\x21-\x7e]{1,100}$/));
const text = z.optional(z.string().check(z.maxLength(1000)));
const Amount = z.object({
  invoiceChargeAmount: z.optional(z.string().check(z.regex(/^-?\d{1,3}(?:,?\d{3}){0,3}(?:\.\d{1,6})?$/))),
  invoiceChargeCurrency: z.optional(z.string().check(z.regex(/^[A-Za-z]{3}$/))),
});
const Common = z.object({
  transactionType: z.string(),
  referenceNumber: id,
  testMode: text,
  bluesnapNode: text,
  plimusNode: text,
});
const Item = z.object({
  contractId: id,
  quantity: z._default(z.string().check(z.regex(/^[1-9]\d{0,3}$/)), '1'),
});
const Sale = z.extend(Item, {
  ...Amount.shape,
  promoteContractsNum: z._default(z.string().check(z.regex(/^\d{1,2}$/)), '0'),
  firstName: text,
  lastName: text,
  company: text,
  email: text,
  country: text,
});
const Refund = z.extend(Amount, { reversalRefNum: z.optional(id), fullRefund: text });
const Chargeback = z.object({ cbStatus: text });
