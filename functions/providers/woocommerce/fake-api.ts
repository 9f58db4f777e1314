/** https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders: the orders of the notifications. */
import { apiJson, bodiesOf, callOf, type FakeOrders } from '../simulator.ts';

export const woocommerceOrders: FakeOrders = (sold, request) => {
  const { searchParams } = callOf(request);
  const [page, size] = [Number(searchParams.get('page')), Number(searchParams.get('per_page'))];
  const all = bodiesOf(sold)
    .map(({ paid, refunded }) => refunded ?? paid)
    .sort((one, other) => one.id - other.id);
  return apiJson(200, all.slice((page - 1) * size, page * size));
};
