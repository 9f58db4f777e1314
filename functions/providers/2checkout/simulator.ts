/** Sends 2Checkout's notifications, with all three signatures. */
import { createHmac, randomInt } from 'node:crypto';
import { form } from '../../core/inbound/body.ts';
import {
  doubling,
  FORM_HEADERS,
  fillTemplate,
  type ParsedOrder,
  postForm,
  type Simulator,
} from '../simulator.ts';

/** Status, type of the refund, resolution of the chargeback, type of the licence, and the part of the price that is paid. */
const EVENTS: Readonly<Record<string, readonly [string, string, string, string, number]>> = {
  paid: ['COMPLETE', '', 'NONE', 'REGULAR', 1],
  refunded: ['REFUND', 'TOTAL', 'NONE', 'REGULAR', -1],
  partly_refunded: ['REFUND', 'PARTIAL', 'NONE', 'REGULAR', -0.25],
  disputed: ['COMPLETE', '', 'OPEN', 'REGULAR', 1],
  dispute_won: ['COMPLETE', '', 'WON', 'REGULAR', 1],
  trial: ['COMPLETE', '', 'NONE', 'TRIAL', 0],
  renewed: ['COMPLETE', '', 'NONE', 'RENEW', 1],
  ignored: ['PAYOUT', '', 'NONE', 'REGULAR', 1],
};

export const simulator: Simulator = {
  events: Object.keys(EVENTS),
  demoKeys: { signing: ['AABBCCDDEEFF'] },
  // The schedule is not documented.
  retries: doubling(10, 24),
  sign,

  request(order, secret, _options, now) {
    const [status = '', refund = '', resolution = '', licence = '', share = 0] = EVENTS[order.event] ?? [];
    const [orderId, own] = [
      order.id ?? String(randomInt(200_000_000, 300_000_000)),
      String(randomInt(1e9, 2e9)),
    ];
    const at = new Date(now).toISOString().slice(0, 19).replace('T', ' ');
    const net = Math.max(39, order.floor) * share;
    const fields = fillTemplate('2checkout/templates/ipn.json', order, {
      ...{
        status,
        refund,
        resolution,
        licence,
        at,
        date: at.replace(/\D/g, ''),
        test: order.test ? '1' : '0',
      },
      ...{ order: order.event === 'renewed' ? own : orderId, subscription: `S${orderId}`, message: own },
      ...{ net: net.toFixed(2), vat: (net * 0.19).toFixed(2), total: (net * 1.19).toFixed(2) },
    });
    const { body } = sign(String(new URLSearchParams(Object(fields))), secret);
    return postForm(orderId, body.toString());
  },

  /** https://docs.2checkout.com/api-reference/reference/order: the orders of the notifications, as the API shows them. */
  orders(sold, { pathname, searchParams }) {
    const [, number] = /^\/rest\/6\.0\/orders\/(\w+)\/$/.exec(pathname) ?? [];
    const one = sold.find(({ id }) => id === number);
    if (one) return orderOf(one);
    if (!pathname.startsWith('/rest/6.0/orders/')) return undefined;
    const [page, limit] = [Number(searchParams.get('Page')), Number(searchParams.get('Limit'))];
    const Items = sold.slice((page - 1) * limit, page * limit).map(orderOf);
    return { Items, Pagination: { Page: page, Limit: limit, Count: sold.length } };
  },
};

/** Replaces the signatures of a form. Latin-1 keeps the bytes of the fields, whose lengths are signed. */
function sign(body: string | Buffer, secret: string) {
  // In 2Checkout's forms, each % begins an escape.
  const text = Buffer.from(body)
    .toString('latin1')
    .replace(/%(?![0-9a-f]{2})/gi, '%25');
  const pairs = text.split('&').filter((pair) => !/^(HASH|SIGNATURE_SHA[23]_256)(=|$)/.test(pair));
  const values = [...form(pairs.join('&'), 'latin1').values()].map((value) => value.length + value).join('');
  const mac = (algorithm: string) => createHmac(algorithm, secret).update(values, 'latin1').digest('hex');
  pairs.push(`HASH=${mac('md5')}`);
  pairs.push(`SIGNATURE_SHA2_256=${mac('sha256')}`, `SIGNATURE_SHA3_256=${mac('sha3-256')}`);
  return { headers: FORM_HEADERS, body: Buffer.from(pairs.join('&'), 'latin1') };
}

function orderOf({ paid, refunded }: ParsedOrder) {
  const text = (name: string): string | null => paid.get(name) || null;
  const GrossDiscountedPrice = Number(text('IPN_TOTALGENERAL'));
  const [Currency, CountryCode] = [text('CURRENCY')?.toLowerCase(), text('COUNTRY_CODE')];
  const person = { FirstName: text('FIRSTNAME'), LastName: text('LASTNAME'), Company: text('COMPANY') };
  const BillingDetails = { ...person, Email: text('CUSTOMEREMAIL'), CountryCode };
  const subscription = { SubscriptionReference: text('IPN_LICENSE_REF[]'), Trial: false };
  return {
    ...{ RefNo: text('REFNO'), Status: refunded ? 'REFUND' : 'COMPLETE', ChargebackResolution: 'NONE' },
    ...{ OrderDate: text('SALEDATE'), TestOrder: text('TEST_ORDER') === '1', Language: text('LANGUAGE') },
    ...{ BillingDetails, DeliveryDetails: BillingDetails, GiftDetails: null, Currency, GrossDiscountedPrice },
    ...{ PaymentDetails: { Type: 'CC', Currency }, AdditionalFields: null },
    Items: [
      {
        ...{ Code: text('IPN_PCODE[]'), Quantity: Number(text('IPN_QTY[]')), AdditionalFields: null },
        ProductDetails: { Name: text('IPN_PNAME[]'), RenewalStatus: false, Subscriptions: [subscription] },
        Price: { Currency, GrossDiscountedPrice: Number(text('IPN_TOTAL[]')) },
      },
    ],
  };
}
