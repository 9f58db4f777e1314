/** https://gumroad.com/api#sales: the sales of the pings, ten a page; `Purchase#as_json` has other names for some fields. */
import { apiJson, callOf, type FakeOrders, type SoldOrder } from '../simulator.ts';

const SIZE = 10;

export const gumroadOrders: FakeOrders = (sold, request) => {
  const { pathname, searchParams } = callOf(request);
  const [, id] = /^\/v2\/sales\/(.+)$/.exec(decodeURIComponent(pathname)) ?? [];
  const one = sold.find((order) => order.id === id);
  if (one) return apiJson(200, { success: true, sale: saleOf(one) });
  const from = Number(searchParams.get('page_key') ?? 0);
  const next = from + SIZE < sold.length ? { next_page_key: String(from + SIZE) } : {};
  return apiJson(200, { success: true, sales: sold.slice(from, from + SIZE).map(saleOf), ...next });
};

function saleOf({ id, paid, refunded }: SoldOrder) {
  const ping = new URLSearchParams(paid);
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
