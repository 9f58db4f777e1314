/** The one call of Paddle's API that Keypost makes; it returns the sample's buyer. */
import { type ApiRequest, type ApiResponse, apiJson, type FakeOrders } from '../simulator.ts';

/** https://developer.paddle.com/api-reference/transactions/get-transaction */
export function paddleApi({ method, path, headers }: ApiRequest): ApiResponse {
  if (!/^Bearer +\S+$/.test(String(headers.authorization))) return failure(403, 'authentication_missing');
  const id = /^\/transactions\/(txn_\w+)\?include=customer,address,business$/.exec(path)?.[1];
  if (method !== 'GET' || !id) return failure(404, 'not_found');
  return apiJson(200, { data: { id, ...BUYER }, meta: { request_id: 'local' } });
}

const BUYER = {
  customer: {
    id: 'ctm_01kexample00000000000000001',
    name: 'Jörg Müller',
    email: 'joerg.mueller@example.com',
    locale: 'de',
  },
  address: { id: 'add_01kexample00000000000000001', postal_code: '50667', country_code: 'DE' },
  business: { id: 'biz_01kexample00000000000000001', name: 'Müller & Söhne GmbH' },
};

const failure = (status: number, code: string) =>
  apiJson(status, { error: { type: 'request_error', code, detail: code }, meta: { request_id: 'local' } });

/** https://developer.paddle.com/api-reference/transactions/list-transactions: the entities of the notifications. */
export const paddleOrders: FakeOrders = (sold, { pathname, searchParams }) => {
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
};
