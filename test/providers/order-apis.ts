/** The parts of the providers' APIs that `reconcile` calls, about orders that their simulators have sent. */
import {
  type ApiRequest,
  type ApiResponse,
  apiJson,
  type Simulator,
} from '../../functions/providers/simulator.ts';

/** An order that the provider has, with the bodies of its notifications. */
export interface SoldOrder {
  readonly id: string;
  readonly paid: string;
  /** PayPal's approval, which has the buyer. */
  readonly before?: string | undefined;
  /** If it has been refunded. */
  readonly refunded?: string | undefined;
}

/** Answers a call of `reconcile` about these orders, and any other as the fake API does. It asks for no key. */
export function answerOrders(
  name: string,
  { api }: Simulator,
  sold: readonly SoldOrder[],
  request: ApiRequest,
): ApiResponse {
  // A list of 1,000 orders is called 1,000 times.
  const known = parsed.get(sold) ?? sold.map(parseBodies);
  parsed.set(sold, known);
  const found = APIS[name]?.(known, new URL(request.path, 'http://localhost'));
  return found === undefined ? (api?.(request) ?? apiJson(404, {})) : apiJson(200, found);
}

/** A body is JSON or a form. */
const parse = (body: string | undefined) =>
  body?.startsWith('{') ? JSON.parse(body) : body && new URLSearchParams(body);
const parseBodies = ({ id, paid, before, refunded }: SoldOrder) => ({
  ...{ id, paid: parse(paid), before: parse(before), refunded: parse(refunded) },
});
type ParsedOrder = ReturnType<typeof parseBodies>;
const parsed = new WeakMap<readonly SoldOrder[], ParsedOrder[]>();

/** Each returns undefined if it has no such resource. */
const APIS: Readonly<Record<string, (sold: readonly ParsedOrder[], call: URL) => unknown>> = {
  /** https://docs.2checkout.com/api-reference/reference/order: the orders of the notifications, as the API shows them. */
  '2checkout'(sold, { pathname, searchParams }) {
    const [, number] = /^\/rest\/6\.0\/orders\/(\w+)\/$/.exec(pathname) ?? [];
    const one = sold.find(({ id }) => id === number);
    if (one) return orderOf(one);
    if (!pathname.startsWith('/rest/6.0/orders/')) return undefined;
    const [page, limit] = [Number(searchParams.get('Page')), Number(searchParams.get('Limit'))];
    const Items = sold.slice((page - 1) * limit, page * limit).map(orderOf);
    return { Items, Pagination: { Page: page, Limit: limit, Count: sold.length } };
  },

  /** https://docs.dodopayments.com/api-reference/payments/get-payments: the payments of the notifications, with their refunds. */
  dodo(sold, { pathname, searchParams }) {
    const all = sold.map(({ paid, refunded }) => ({
      ...paid.data,
      ...(refunded ? { refund_status: 'full', refunds: [refunded.data] } : {}),
    }));
    const one = all.find(({ payment_id }) => pathname === `/payments/${payment_id}`);
    const [page, size] = [Number(searchParams.get('page_number')), Number(searchParams.get('page_size'))];
    return one ?? { items: all.slice(page * size, (page + 1) * size) };
  },

  /** https://developer.fastspring.com/reference/get-unprocessed-events: the events of the notifications, 25 a page. Half of them count as answered. */
  fastspring(sold, { pathname, searchParams }) {
    const isProcessed = pathname === '/events/processed';
    const all = sold
      .flatMap(({ paid, refunded }) => [...paid.events, ...(refunded?.events ?? [])])
      .map((event, at) => ({ ...event, created: Date.parse('2027-01-01') + at, processed: at % 2 === 0 }))
      .filter(
        ({ created, processed }) => processed === isProcessed && created >= Number(searchParams.get('begin')),
      );
    return { events: all.slice(0, 25), more: all.length > 25 };
  },

  /** https://freemius.com/help/api/payments/list and …/users/retrieve: the payments and refunds of the notifications. */
  freemius(sold, { pathname, searchParams }) {
    const [, user] = /\/users\/(\w+)\.json$/.exec(pathname) ?? [];
    if (user) return sold.find(({ id }) => id === user)?.paid.objects.user;
    // Every notification of the simulator has the same user's ID.
    const payments = sold.flatMap(({ id, paid, refunded }) =>
      [paid, ...(refunded ? [refunded] : [])].map(({ objects }) => ({ ...objects.payment, user_id: id })),
    );
    const [from, count] = [Number(searchParams.get('offset')), Number(searchParams.get('count'))];
    return { payments: payments.slice(from, from + count) };
  },

  /** https://gumroad.com/api#sales: the sales of the pings, ten a page; `Purchase#as_json` has other names for some fields. */
  gumroad(sold, { pathname, searchParams }) {
    const [, id] = /^\/v2\/sales\/(.+)$/.exec(decodeURIComponent(pathname)) ?? [];
    const one = sold.find((order) => order.id === id);
    if (one) return { success: true, sale: saleOf(one) };
    const from = Number(searchParams.get('page_key') ?? 0);
    const next = from + 10 < sold.length ? { next_page_key: String(from + 10) } : {};
    return { success: true, sales: sold.slice(from, from + 10).map(saleOf), ...next };
  },

  /** https://docs.lemonsqueezy.com/api/orders/list-all-orders: the orders of the notifications, the newest first. */
  lemonsqueezy(sold, { pathname, searchParams }) {
    const all = sold.map(({ paid, refunded }) => (refunded ?? paid).data).reverse();
    const [, id] = /^\/v1\/orders\/(\d+)\/order-items$/.exec(pathname) ?? [];
    if (id) {
      const { first_order_item } = all.find((one) => one.id === id).attributes;
      return { data: [{ type: 'order-items', id: '1', attributes: first_order_item }] };
    }
    const [page, size] = [Number(searchParams.get('page[number]')), Number(searchParams.get('page[size]'))];
    const meta = { page: { currentPage: page, perPage: size, lastPage: Math.ceil(all.length / size) } };
    return { meta, data: all.slice((page - 1) * size, page * size) };
  },

  /** https://developer.paddle.com/api-reference/transactions/list-transactions: the entities of the notifications. */
  paddle(sold, { pathname, searchParams }) {
    if (pathname !== '/transactions') return undefined;
    const [after, size] = [searchParams.get('after'), Number(searchParams.get('per_page'))];
    const all = [...sold]
      .sort((one, other) => (one.id < other.id ? -1 : 1))
      .filter(({ id }) => !after || id > after);
    const data = all.slice(0, size).map(({ paid, refunded }) => ({
      ...paid.data,
      adjustments: refunded ? [refunded.data] : [],
    }));
    return { data, meta: { pagination: { per_page: size, has_more: all.length > size } } };
  },

  /** https://developer.paypal.com/docs/api/transaction-search/v1 and …/payments/v2, …/orders/v2 */
  paypal(sold, { pathname, searchParams }) {
    const [, kind, id] = /^\/v[12]\/(payments\/captures|checkout\/orders)\/(\w+)$/.exec(pathname) ?? [];
    if (pathname === '/v1/oauth2/token') return { access_token: 'A21' };
    if (kind === 'checkout/orders') return sold.find((one) => one.id === id)?.before.resource;
    const captures = sold.map(({ paid, refunded }) => ({
      ...paid.resource,
      status: refunded ? 'REFUNDED' : 'COMPLETED',
    }));
    if (kind) return captures.find((one) => one.id === id);
    if (pathname !== '/v1/reporting/transactions') return undefined;
    const page = Number(searchParams.get('page'));
    const transaction_details = captures.slice((page - 1) * 100, page * 100).map((one) => ({
      transaction_info: { transaction_id: one.id, transaction_status: one.status === 'REFUNDED' ? 'V' : 'S' },
    }));
    return { transaction_details, page, total_pages: Math.ceil(captures.length / 100) };
  },

  /** https://polar.sh/docs/api-reference/orders/list: the orders of the notifications, the newest first. */
  polar(sold, { searchParams }) {
    const [page, limit] = [Number(searchParams.get('page')), Number(searchParams.get('limit'))];
    const all = sold.map(({ paid, refunded }) => (refunded ?? paid).data).reverse();
    const items = all.slice((page - 1) * limit, page * limit);
    return {
      items,
      pagination: { total_count: all.length, max_page: Math.ceil(all.length / limit) },
    };
  },

  /** https://shopify.dev/docs/api/admin-rest/latest/resources/order: the orders of the notifications, by ID, with refunds. */
  shopify(sold, { searchParams }) {
    const all = sold
      .map(({ paid, refunded }) => ({ ...paid, refunds: refunded ? [refunded] : [] }))
      .filter(({ id }) => id > Number(searchParams.get('since_id')))
      .sort((one, other) => one.id - other.id);
    return { orders: all.slice(0, Number(searchParams.get('limit'))) };
  },

  /** The three lists, and the charge of a payment: https://docs.stripe.com/api/refunds/list, …/payment_intents/retrieve */
  stripe(sold, { pathname, searchParams }) {
    const intent = /^\/v1\/payment_intents\/([^/]+)$/.exec(pathname)?.[1];
    const one = sold.find(({ id }) => id === intent);
    const latest_charge = one?.refunded?.data.object ?? { id: 'ch_1', refunded: false };
    if (one) return { id: intent, latest_charge };
    const page = (all: readonly { readonly id: string }[]) => {
      const after = searchParams.get('starting_after');
      const from = after ? all.findIndex(({ id }) => id === after) + 1 : 0;
      const to = from + Number(searchParams.get('limit'));
      return { object: 'list', data: all.slice(from, to), has_more: to < all.length };
    };
    if (pathname === '/v1/refunds')
      return page(
        sold.flatMap(({ id, refunded }) =>
          refunded
            ? {
                id: `re_${id}`,
                payment_intent: id,
                charge: `ch_${id}`,
                status: 'succeeded',
                amount: 4875,
                currency: 'eur',
              }
            : [],
        ),
      );
    if (pathname === '/v1/disputes') return page([]);
    if (pathname !== '/v1/checkout/sessions') return undefined;
    return page(sold.map(({ paid }) => ({ ...paid.data.object, livemode: true })).reverse());
  },

  /** https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders: the orders of the notifications. */
  woocommerce(sold, { searchParams }) {
    const [page, size] = [Number(searchParams.get('page')), Number(searchParams.get('per_page'))];
    const all = sold.map(({ paid, refunded }) => refunded ?? paid).sort((one, other) => one.id - other.id);
    return all.slice((page - 1) * size, page * size);
  },
};

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

function saleOf({ id, paid: ping, refunded }: ParsedOrder) {
  const [product_id, email] = [ping.get('product_id'), ping.get('email')];
  return {
    ...{ id, email, purchase_email: email, full_name: ping.get('full_name'), product_id },
    ...{ product_permalink: ping.get('short_product_id'), created_at: ping.get('sale_timestamp') },
    ...{ price: Number(ping.get('price')), quantity: Number(ping.get('quantity')), paid: true },
    custom_fields: { licensee: ping.get('custom_fields[licensee]') },
    ...{ refunded: refunded !== undefined, partially_refunded: false, disputed: false, dispute_won: false },
    ...{ is_gift_receiver_purchase: false },
  };
}
