/** One secret with both keys, read by the first order and kept as long as the Lambda lives. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';

const client = new SecretsManagerClient({});
const Keys = z.object({ stripeSigningSecret: z.string(), serialKey: z.string().length(16) });

let cached: z.infer<typeof Keys> | undefined;

export async function keys(): Promise<z.infer<typeof Keys>> {
  if (cached) return cached;
  const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: 'textbook' }));
  cached = Keys.parse(JSON.parse(SecretString));
  return cached;
}
