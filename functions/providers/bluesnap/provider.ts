// https://support.bluesnap.com/docs/ipn-setup and /docs/ipn-parameter-reference; bluesnap/Magento-1-, Ipn.php (authKey, the OK
// answer, reversals); juspay/hyperswitch, connector bluesnap (the signature header, cbStatus). Formerly Plimus.
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { form, part, uniqueFields } from '../../core/inbound/body.ts';
import { ignoredEvent, isFree, type OrderEvent, type Reversed } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import * as s from '../../core/inbound/shapes.ts';
import { requireEqual, requireFresh, requireHmac } from '../../core/inbound/signature.ts';

export const bluesnap: Provider = {
  name: 'bluesnap',
  // The dashboard tests a new address with an empty GET.
  methods: ['POST', 'GET'],
  // BlueSnap prints the serials of these contracts itself, which it fetches by its licence call: docs/providers/form.md.
  options: s.AnswerOptions,

  verify({ method, headers, body }, { keys, now }) {
    if (method === 'GET') return;
    const { 'bls-signature': signature, 'bls-ipn-timestamp': time = '' } = headers;
    if (!signature) return requireEqual(authKey(body).received, keys.map(authKey(body).expected));
    requireHmac({ keys, content: [time, body], signatures: [signature], encoding: 'hex' });
    // Time and body are signed without a separator, so an open-ended pattern would let bytes of the body count as time.
    const zoneless = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d{1,9})?$/.exec(time);
    // BlueSnap does not document the zone; solution25com/bluesnap-payment-shopware-6 reads it as UTC too.
    requireFresh(zoneless ? String(Date.parse(`${zoneless[1]}T${zoneless[2]}Z`) / 1000) : '', now);
  },

  read({ method, body }, context) {
    if (method === 'GET') return [];
    const fields = parseFields(body);
    const { transactionType: type, referenceNumber: id, ...common } = part(Common, fields);
    const test = common.testMode === 'Y' || [common.bluesnapNode, common.plimusNode].includes('99');
    const amount = money(common);
    if (type === 'CHARGE') return [parseSale({ id, test, amount }, fields, context)];
    if (type === 'RECURRING') {
      const about = common.subscriptionId
        ? subscriptionId(common.subscriptionId)
        : common.originalReferenceNumber;
      if (isFree(amount)) return [];
      return [{ kind: 'renewed', id: about ?? id, aliases: [id], test, amount, buyer: {}, lines: [] }];
    }
    const reversal = parseReversal(type, toTime(common.transactionDate), fields);
    if (reversal?.reversal.kind === 'refund' && isFree(amount)) return [];
    if (reversal) return [{ kind: 'reversed', id, test, ...reversal }];
    // These report that nothing was paid.
    return /^(?:AUTH_ONLY|CANCELLATION|CONTRACT_CHANGE|DECLINE|\w*FAILED)$/.test(type)
      ? []
      : ignoredEvent(type, { id, test, amount });
  },

  idIn: ({ body }) => part(Identified, Object.fromEntries(form(body))).referenceNumber,

  /** Older accounts expect this body, the others only the status. It needs the key, so only a caller with the key gets it. */
  answer(_done, { method, body }, { keys }) {
    const { received, expected } = authKey(body);
    const key = method === 'GET' ? undefined : keys.find((one) => received === expected(one));
    return { status: 200, body: key ? md5(`OK${key}`) : '' };
  },
};

/** The `authKey` in the body, and the expected one under a key. It covers two numbers of the body only. */
function authKey(body: Buffer) {
  const fields = new URLSearchParams(body.toString('latin1'));
  const signed = `${fields.get('referenceNumber') ?? ''}${fields.get('contractId') ?? ''}`;
  const received = fields.get('authKey') ?? fields.get('authkey') ?? undefined;
  return { received: received?.toLowerCase(), expected: (key: string) => md5(signed + key) };
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

const parseFields = (body: Buffer): Readonly<Record<string, string>> =>
  Object.fromEntries(uniqueFields(form(body)));

/** Orders and subscriptions are numbered separately. */
const subscriptionId = (id: string) => `subscription ${id}`;

/** Such as 11/20/2026 06:03 AM. BlueSnap does not document the zone; the time only orders the states of a dispute. */
function toTime(date: string | undefined): string | undefined {
  const ms = Date.parse(`${date} UTC`);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

function parseSale(
  order: { readonly id: string; readonly test: boolean; readonly amount: ReturnType<typeof money> },
  fields: Readonly<Record<string, string>>,
  { licenseeField, options }: Context,
): OrderEvent {
  const sale = part(Sale, fields);
  const { answers } = part(s.AnswerOptions, options);
  const more = Array.from({ length: Number(sale.promoteContractsNum) }, (_, at) =>
    part(Item, {
      contractId: fields[`promoteContractId${at}`],
      quantity: fields[`promoteContractQuantity${at}`],
    }),
  );
  const { amount } = order;
  const isTrial = sale.subscriptionId !== undefined && isFree(amount) && !sale.couponCode;
  return {
    ...order,
    kind: isTrial ? 'trial' : 'paid',
    aliases: sale.subscriptionId ? [subscriptionId(sale.subscriptionId)] : undefined,
    buyer: {
      name: s.joinName(sale.firstName, sale.lastName),
      email: sale.email,
      company: sale.company,
      country: sale.country,
      registration: s.customText(fields, licenseeField),
    },
    lines: [sale, ...more].map(({ contractId: sku, quantity }) =>
      s.soldLine({
        sku,
        quantity,
        // The invoice amount is for all contracts; the price of each, with coupon and tax, is not stated.
        paid: more.length > 0 ? undefined : amount,
        delivery: sku !== undefined && answers.includes(sku) ? 'answer' : undefined,
      }),
    ),
  };
}

/** The amount of a refund is negative, and thousands have commas. */
const money = ({ invoiceChargeAmount, invoiceChargeCurrency }: z.output<typeof Amount>) =>
  invoiceChargeAmount && invoiceChargeCurrency
    ? { value: invoiceChargeAmount.replace(/[-,]/g, ''), currency: invoiceChargeCurrency }
    : undefined;

/** An order has one chargeback. A status CLOSED does not yet say who won. */
function parseReversal(
  type: string,
  at: string | undefined,
  fields: unknown,
): Pick<Reversed, 'reversalId' | 'reversal'> | undefined {
  if (type === 'REFUND' || type === 'CANCELLATION_REFUND') {
    const { reversalRefNum, fullRefund, ...refund } = part(Refund, fields);
    const whole = fullRefund === 'Y' ? 'full' : 'partial';
    const reversal = { kind: 'refund', state: 'done', part: whole, amount: money(refund), at } as const;
    return { reversalId: reversalRefNum ?? 'refund', reversal };
  }
  if (type !== 'CHARGEBACK' && type !== 'CHARGEBACK_STATUS_CHANGED') return undefined;
  const { cbStatus } = part(Chargeback, fields);
  const state = cbStatus === 'COMPLETED_WON' ? 'won' : cbStatus === 'COMPLETED_LOST' ? 'lost' : 'open';
  return { reversalId: 'chargeback', reversal: { kind: 'chargeback', state, part: 'full', at } };
}

const Amount = z.object({
  invoiceChargeAmount: s.maybe(z.string().check(z.regex(/^-?\d{1,3}(?:,?\d{3}){0,3}(?:\.\d{1,6})?$/))),
  invoiceChargeCurrency: s.maybe(s.currency),
});
const Identified = z.object({ referenceNumber: s.id });
const Common = z.extend(Identified, {
  ...Amount.shape,
  transactionType: z.string(),
  transactionDate: s.text,
  originalReferenceNumber: s.maybeId,
  subscriptionId: s.maybeId,
  testMode: s.text,
  bluesnapNode: s.text,
  plimusNode: s.text,
});
const Item = z.object({ contractId: s.maybeId, quantity: s.maybe(s.formQuantity) });
const Sale = z.extend(Item, {
  subscriptionId: s.maybeId,
  couponCode: s.text,
  promoteContractsNum: z._default(z.string().check(z.regex(/^\d{1,2}$/)), '0'),
  firstName: s.text,
  lastName: s.text,
  company: s.text,
  email: s.text,
  country: s.text,
});
const Refund = z.extend(Amount, { reversalRefNum: s.maybeId, fullRefund: s.text });
const Chargeback = z.object({ cbStatus: s.text });
