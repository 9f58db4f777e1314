/** https://polar.sh/docs/api-reference/orders/list: the orders of the notifications, the newest first. */
import { apiJson, bodiesOf, callOf, type FakeOrders } from '../simulator.ts';

export const polarOrders: FakeOrders = (sold, request) => {
  const { searchParams } = callOf(request);
  const [page, limit] = [Number(searchParams.get('page')), Number(searchParams.get('limit'))];
  const all = bodiesOf(sold)
    .map(({ paid, refunded }) => (refunded ?? paid).data)
    .reverse();
  const items = all.slice((page - 1) * limit, page * limit);
  return apiJson(200, {
    items,
    pagination: { total_count: all.length, max_page: Math.ceil(all.length / limit) },
  });
};
