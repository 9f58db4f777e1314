/** https://docs.dodopayments.com/api-reference/payments/get-payments: the payments of the notifications, with their refunds. */
import { apiJson, bodiesOf, callOf, type FakeOrders } from '../simulator.ts';

export const dodoOrders: FakeOrders = (sold, request) => {
  const { pathname, searchParams } = callOf(request);
  const all = bodiesOf(sold).map(({ paid, refunded }) => ({
    ...paid.data,
    ...(refunded ? { refund_status: 'full', refunds: [refunded.data] } : {}),
  }));
  const one = all.find(({ payment_id }) => pathname === `/payments/${payment_id}`);
  const [page, size] = [Number(searchParams.get('page_number')), Number(searchParams.get('page_size'))];
  return apiJson(200, one ?? { items: all.slice(page * size, (page + 1) * size) });
};
