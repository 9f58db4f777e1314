/** PayPal's own check of a signature: https://developer.paypal.com/docs/api/webhooks/v1/#verify-webhook-signature_post */
import * as z from 'zod/mini';
import { findInApi } from '../../core/inbound/ask-api.ts';
import { json } from '../../core/inbound/body.ts';
import type { Context } from '../../core/inbound/provider.ts';
import type { WebhookRequest } from '../../core/inbound/request.ts';
import { limited } from './limited.ts';

const Token = z.object({ access_token: z.string() });
const Verdict = z.object({ verification_status: z.string() });

/** PayPal's verdicts. */
const verdicts = limited<true>();

/** True if PayPal confirms the signature. Its verdict is remembered under `name`. False without an API key. */
export async function isConfirmed(
  name: string,
  { headers, body }: Pick<WebhookRequest, 'headers' | 'body'>,
  webhook: string,
  context: Context,
): Promise<boolean> {
  if (!context.api) return false;
  const ask = async () => {
    const token = await findToken(context);
    if (!token) return undefined;
    const fields = {
      auth_algo: headers['paypal-auth-algo'],
      cert_url: headers['paypal-cert-url'],
      transmission_id: headers['paypal-transmission-id'],
      transmission_sig: headers['paypal-transmission-sig'],
      transmission_time: headers['paypal-transmission-time'],
      webhook_id: webhook,
    };
    // PayPal checks the bytes of the event, so that it is not parsed and written again.
    json(z.unknown(), body);
    const request = {
      method: 'POST',
      headers: { ...token, 'content-type': 'application/json' },
      body: `${JSON.stringify(fields).slice(0, -1)},"webhook_event":${body}}`,
    };
    const answer = await findInApi(context, Verdict, '/v1/notifications/verify-webhook-signature', request);
    return answer?.verification_status === 'SUCCESS' || undefined;
  };
  return (await verdicts.find(name, context.now, ask)) ?? false;
}

/** Returns the header for a call of PayPal's API; undefined without an API key, or if PayPal refuses it. */
export async function findToken(context: Context): Promise<{ authorization: string } | undefined> {
  const grant = {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(context.api?.key ?? '').toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'grant_type=client_credentials',
  };
  const token = await findInApi(context, Token, '/v1/oauth2/token', grant);
  return token && { authorization: `Bearer ${token.access_token}` };
}
