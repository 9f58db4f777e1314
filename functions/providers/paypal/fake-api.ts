/** A look-alike of the one call to PayPal that the simulator needs: a key at the address that names it. */
import { createPublicKey } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from '../../../local/http.ts';

/** Orders and tokens it has none: whoever asks for a buyer joins the capture with CHECKOUT.ORDER.APPROVED. */
export function paypalApi(request: IncomingMessage, response: ServerResponse, path: string): void {
  const [, spki] = /^\/v1\/notifications\/certs\/([\w-]+)$/.exec(path) ?? [];
  const pem = request.method === 'GET' && spki ? pemOf(spki) : undefined;
  if (pem) {
    response.writeHead(200, { 'content-type': 'application/x-pem-file', 'cache-control': 'no-store' });
    response.end(pem);
  } else sendJson(response, 404, { name: 'RESOURCE_NOT_FOUND', message: 'not in this look-alike' });
}

/** Undefined where it is no key: anybody may type an address. */
function pemOf(spki: string): string | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(spki, 'base64url'), format: 'der', type: 'spki' });
    return key.export({ type: 'spki', format: 'pem' }).toString();
  } catch {
    return undefined;
  }
}
