/**
 * Lists every order: https://docs.2checkout.com/api-reference/reference/order. Each missing one is fetched, since a list may
 * leave fields out, and becomes the form that its notification has. A partial refund is not found: the API gives it no ID
 * that the notification has, so it could count twice.
 */
import { createHmac } from 'node:crypto';
import * as z from 'zod/mini';
import { askApi, findInApi, listPages } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { Context, ListPaid } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { list, loose, maybe, text } from '../../core/inbound/shapes.ts';

/** 2Checkout lists at most 200. */
const PAGE = 50;
const PAID = /^(COMPLETE|REFUND|REVERSED)$/;

export const paid: ListPaid = (since, context, from = '1', read) =>
  listPages(from, async (page) => {
    // The API takes days, in the time zone of the account.
    const [start, end] = [since - DAY_MS, context.now + DAY_MS].map((ms) =>
      new Date(ms).toISOString().slice(0, 10),
    );
    const path = `orders/?StartDate=${start}&EndDate=${end}&TestOrders=YES&Page=${page}&Limit=${PAGE}`;
    const { Items } = await askApi(context, Page, ...call(path, context));
    const orders = Items.filter(({ Status }) => PAID.test(Status)).map((listed) => {
      const { RefNo, Status, TestOrder, ChargebackResolution: resolution = 'NONE' } = listed;
      const isDisputed = resolution === 'NONE' ? undefined : resolution !== 'WON';
      return {
        ...{ id: RefNo, test: TestOrder === true, isReversed: Status === 'COMPLETE' ? isDisputed : true },
        async events() {
          const order = await askApi(context, Order, ...call(`orders/${RefNo}/`, context));
          const fields = await fieldsOf({ ...order, RefNo }, context);
          const notify = (...more: readonly Field[]) =>
            bodyOf(String(new URLSearchParams([...fields, ...more])));
          const refund = notify(['ORDERSTATUS', Status], ['REFUND_TYPE', 'TOTAL']);
          return read(...(Status === 'COMPLETE' ? [] : [refund]), notify(['ORDERSTATUS', 'COMPLETE']));
        },
      };
    });
    return { orders, next: Items.length < PAGE ? undefined : `${Number(page) + 1}` };
  });

type Field = [string, string];
const DAY_MS = 24 * 3_600_000;

/** The API key is the merchant code and the secret key, with a colon between them; the key itself is not sent. */
function call(path: string, { api, now }: Context) {
  const [, code = '', key = ''] = /^([\w-]+):(.+)$/.exec(api?.key ?? '') ?? [];
  if (!key) throw new Rejection('provider_refused', 'expected an API key such as 250111200000:secret');
  const date = new Date(now).toISOString().slice(0, 19).replace('T', ' ');
  const hash = createHmac('sha3-256', key).update(`${code.length}${code}${date.length}${date}`).digest('hex');
  const proof = `code="${code}" date="${date}" hash="${hash}" algo="sha3-256"`;
  const headers = { authorization: '', accept: 'application/json', 'x-avangate-authentication': proof };
  return [`/rest/6.0/${path}`, { headers }] as const;
}

/** Returns the fields of the notification. */
async function fieldsOf(order: z.output<typeof Order>, context: Context): Promise<Field[]> {
  const { BillingDetails: payer, DeliveryDetails: receiver } = order;
  const ofOrder: Readonly<Record<string, string | undefined>> = {
    ...{ REFNO: order.RefNo, TEST_ORDER: order.TestOrder === true ? '1' : '0', SALEDATE: order.OrderDate },
    // The zone of every time that the API states.
    ...{ TIMEZONE_OFFSET: 'GMT+02:00', PAYMETHOD_CODE: order.PaymentDetails.Type, LANGUAGE: order.Language },
    ...{ CURRENCY: order.Currency?.toUpperCase(), IPN_TOTALGENERAL: order.GrossDiscountedPrice },
    ...{ CHARGEBACK_RESOLUTION: order.ChargebackResolution, GIFT_ORDER: order.GiftDetails ? '1' : '0' },
    ...{ FIRSTNAME: payer.FirstName, LASTNAME: payer.LastName, COMPANY: payer.Company },
    ...{ CUSTOMEREMAIL: payer.Email, COUNTRY_CODE: payer.CountryCode },
    ...{ FIRSTNAME_D: receiver.FirstName, LASTNAME_D: receiver.LastName, COMPANY_D: receiver.Company },
    EMAIL_D: receiver.Email,
  };
  const fields: (readonly [string, string | undefined])[] = Object.entries(ofOrder);
  for (const { Code: code, Quantity, Price, ProductDetails } of order.Items) {
    // An order has the codes of its products. The product has the ID, which the catalogue may list instead.
    const path = `products/${encodeURIComponent(code ?? '')}/`;
    const product = context.knows(code ?? '')
      ? {}
      : await findInApi(context, Product, ...call(path, context));
    const pid = product?.AvangateId ?? code;
    fields.push(['IPN_PID[]', pid], ['IPN_PCODE[]', code]);
    fields.push(['IPN_QTY[]', Quantity], ['IPN_TOTAL[]', Price.GrossDiscountedPrice]);
    for (const licence of ProductDetails.Subscriptions) {
      const type =
        ProductDetails.RenewalStatus === true ? 'RENEWAL' : licence.Trial === true ? 'TRIAL' : 'REGULAR';
      fields.push(['IPN_LICENSE_PROD[]', pid], ['IPN_LICENSE_TYPE[]', type]);
      fields.push(
        ['IPN_LICENSE_REF[]', licence.SubscriptionReference],
        ['IPN_LICENSE_EXP[]', licence.ExpirationDate],
      );
    }
  }
  const custom = [order, ...order.Items].flatMap(({ AdditionalFields }) => AdditionalFields);
  for (const [at, { Text, Value }] of custom.entries())
    fields.push([`IPN_CUSTOM_[${at}]_TEXT[]`, Text], [`IPN_CUSTOM_[${at}]_VALUE[]`, Value]);
  return fields.map(([name, value = '']) => [name, value]);
}

/** The notification has amounts with two decimals. */
const amount = maybe(
  z.pipe(
    z.number(),
    z.transform((value) => value.toFixed(2)),
  ),
);
const word = z.pipe(z.union([z.string(), z.number()]), z.transform(String));
const anything = z.optional(z.unknown());
const Person = loose({ FirstName: text, LastName: text, Company: text, Email: text, CountryCode: text });
const Subscription = loose({ SubscriptionReference: text, Trial: anything, ExpirationDate: text });
const AdditionalFields = list(loose({ Text: text, Value: text }));
const Item = loose({
  ...{ Code: text, Quantity: maybe(word), Price: loose({ GrossDiscountedPrice: amount }), AdditionalFields },
  ProductDetails: loose({ RenewalStatus: anything, Subscriptions: list(Subscription) }),
});
const Listed = { RefNo: word, TestOrder: anything, ChargebackResolution: text };
const Page = z.object({ Items: z.array(z.object({ ...Listed, Status: z.string() })) });
const Product = loose({ AvangateId: maybe(word) });
const Order = z.object({
  ...{ ...Listed, OrderDate: text, Language: text, Currency: text, GrossDiscountedPrice: amount },
  ...{ GiftDetails: anything, BillingDetails: Person, DeliveryDetails: Person, AdditionalFields },
  ...{ PaymentDetails: loose({ Type: text }), Items: list(Item) },
});
