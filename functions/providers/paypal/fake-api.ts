/** The one call to PayPal's API that the simulator needs: it returns the public key that the path contains. */
import { createPublicKey } from 'node:crypto';
import { type ApiRequest, type ApiResponse, apiJson, type FakeOrders } from '../simulator.ts';

/** It has no orders and no tokens, so the buyer of a capture comes from CHECKOUT.ORDER.APPROVED. */
export function paypalApi({ method, path }: ApiRequest): ApiResponse {
  const [, spki] = /^\/v1\/notifications\/certs\/([\w-]+)$/.exec(path) ?? [];
  const body = method === 'GET' && spki ? toPem(spki) : undefined;
  if (body) return { status: 200, type: 'application/x-pem-file', body };
  return apiJson(404, { name: 'RESOURCE_NOT_FOUND', message: 'this simulated API has no such resource' });
}

/** Returns undefined if the path contains no key: anybody can request any path. */
function toPem(spki: string): string | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(spki, 'base64url'), format: 'der', type: 'spki' });
    return key.export({ type: 'spki', format: 'pem' }).toString();
  } catch {
    return undefined;
  }
}

const SIZE = 100;

/** https://developer.paypal.com/docs/api/transaction-search/v1 and …/payments/v2, …/orders/v2 */
export const paypalOrders: FakeOrders = (sold, { pathname, searchParams }) => {
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
  const transaction_details = captures.slice((page - 1) * SIZE, page * SIZE).map((one) => ({
    transaction_info: { transaction_id: one.id, transaction_status: one.status === 'REFUNDED' ? 'V' : 'S' },
  }));
  return { transaction_details, page, total_pages: Math.ceil(captures.length / SIZE) };
};
