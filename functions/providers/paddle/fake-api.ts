/** The one call of Paddle's API that Keypost makes; it returns the sample's buyer. */
import { type ApiRequest, type ApiResponse, apiJson } from '../simulator.ts';

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
