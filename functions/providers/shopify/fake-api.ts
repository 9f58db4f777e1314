/** https://shopify.dev/docs/api/admin-rest/latest/resources/order: the orders of the notifications, by ID, with refunds. */
import { apiJson, bodiesOf, callOf, type FakeOrders } from '../simulator.ts';

export const shopifyOrders: FakeOrders = (sold, request) => {
  const { searchParams } = callOf(request);
  const all = bodiesOf(sold)
    .map(({ paid, refunded }) => ({ ...paid, refunds: refunded ? [refunded] : [] }))
    .filter(({ id }) => id > Number(searchParams.get('since_id')))
    .sort((one, other) => one.id - other.id);
  return apiJson(200, { orders: all.slice(0, Number(searchParams.get('limit'))) });
};
