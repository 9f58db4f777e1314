/** https://freemius.com/help/api/payments/list and …/users/retrieve: the payments and refunds of the notifications. */
import { apiJson, bodiesOf, callOf, type FakeOrders } from '../simulator.ts';

export const freemiusOrders: FakeOrders = (sold, request) => {
  const { pathname, searchParams } = callOf(request);
  const [, user] = /\/users\/(\w+)\.json$/.exec(pathname) ?? [];
  const orders = bodiesOf(sold);
  if (user) return apiJson(200, orders.find(({ id }) => id === user)?.paid.objects.user);
  // Every notification of the simulator has the same user's ID.
  const payments = orders.flatMap(({ id, paid, refunded }) =>
    [paid, ...(refunded ? [refunded] : [])].map(({ objects }) => ({ ...objects.payment, user_id: id })),
  );
  const [from, count] = [Number(searchParams.get('offset')), Number(searchParams.get('count'))];
  return apiJson(200, { payments: payments.slice(from, from + count) });
};
