/** https://docs.lemonsqueezy.com/api/orders/list-all-orders: the orders of the notifications, the newest first. */
import { apiJson, bodiesOf, callOf, type FakeOrders } from '../simulator.ts';

export const lemonsqueezyOrders: FakeOrders = (sold, request) => {
  const { pathname, searchParams } = callOf(request);
  const all = bodiesOf(sold)
    .map(({ paid, refunded }) => (refunded ?? paid).data)
    .reverse();
  const [, id] = /^\/v1\/orders\/(\d+)\/order-items$/.exec(pathname) ?? [];
  if (id) {
    const { first_order_item } = all.find((one) => one.id === id).attributes;
    return apiJson(200, { data: [{ type: 'order-items', id: '1', attributes: first_order_item }] });
  }
  const [page, size] = [Number(searchParams.get('page[number]')), Number(searchParams.get('page[size]'))];
  const meta = { page: { currentPage: page, perPage: size, lastPage: Math.ceil(all.length / size) } };
  return apiJson(200, { meta, data: all.slice((page - 1) * size, page * size) });
};
