/** The one call to PayPal's API that the simulator needs: it returns the public key that the path contains. */
import { createPublicKey } from 'node:crypto';
import { type ApiRequest, type ApiResponse, apiJson } from '../simulator.ts';

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
