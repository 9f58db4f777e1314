/**
 * Lists every payment, twice: https://freemius.com/help/api/payments/list. The list lacks the buyer, who is fetched for each
 * missing sale: https://freemius.com/help/api/users/retrieve
 */
import * as z from 'zod/mini';
import { askApi, listPages } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { ListPaid } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';

/** Freemius lists at most 50. */
const PAGE = 50;
/** A refund or dispute is a payment of its own. They come first, so that no serial is mailed for money that has gone back. */
const PASSES = [/^(refund|disputed|won_dispute|lost_dispute|chargeback)$/, /^payment$/];

const id = z.union([z.string(), z.int()]);
const Payment = z.looseObject({
  ...{ id, user_id: id, license_id: z.nullish(id), bound_payment_id: z.nullish(id) },
  ...{ type: z.string(), environment: z.nullish(z.int()), created: z.unknown() },
});
const Page = z.object({ payments: z.array(Payment) });

export const paid: ListPaid = (since, context, from = '0 0', read) => {
  // The API key is the product's ID and its bearer token, with a colon between them.
  const [, product, token] = /^([\w-]+):(.+)$/.exec(context.api?.key ?? '') ?? [];
  if (!product)
    throw new Rejection('provider_refused', "expected an API key such as 1234:token, the product's ID first");
  const headers = { authorization: `Bearer ${token}` };
  const api = `/v1/products/${product}`;
  const utc = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
  const period = new URLSearchParams({ from: utc(since), to: utc(context.now) });
  return listPages(from, async (at) => {
    const [pass = 0, offset = 0] = at.split(' ').map(Number);
    const path = `${api}/payments.json?${period}&count=${PAGE}&offset=${offset}`;
    const { payments } = await askApi(context, Page, path, { headers });
    const orders = payments
      .filter(({ type }) => PASSES[pass]?.test(type))
      .map((payment) => ({
        id: String(payment.license_id ?? `payment ${payment.bound_payment_id ?? payment.id}`),
        test: payment.environment === 1,
        isReversed: pass === 0 ? payment.type !== 'won_dispute' : undefined,
        async events() {
          const path = `${api}/users/${payment.user_id}.json`;
          const user = pass === 0 ? {} : await askApi(context, z.looseObject({}), path, { headers });
          return read(
            bodyOf({ type: 'payment.created', created: payment.created, objects: { payment, user } }),
          );
        },
      }));
    if (payments.length === PAGE) return { orders, next: `${pass} ${offset + PAGE}` };
    return { orders, next: pass + 1 < PASSES.length ? `${pass + 1} 0` : undefined };
  });
};
