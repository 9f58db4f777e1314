/** A look-alike of the one call of Paddle's API that Keypost makes, with the sample's buyer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from '../../../local/http.ts';

/** https://developer.paddle.com/api-reference/transactions/get-transaction */
export function paddleApi(request: IncomingMessage, response: ServerResponse, path: string): void {
  const id = /^\/transactions\/(txn_\w+)\?include=customer,address,business$/.exec(path)?.[1];
  const known = /^Bearer +\S+$/.test(request.headers.authorization ?? '');
  if (!known) refuse(response, 403, 'authentication_missing');
  else if (request.method !== 'GET' || !id) refuse(response, 404, 'not_found');
  else sendJson(response, 200, { data: { id, ...BUYER }, meta: { request_id: 'local' } });
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

const refuse = (response: ServerResponse, status: number, code: string) =>
  sendJson(response, status, {
    error: { type: 'request_error', code, detail: code },
    meta: { request_id: 'local' },
  });
