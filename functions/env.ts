/** What the stack must tell a Lambda: `lib` takes the types, the Lambda parses `process.env` with the schemas. */
import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1));

const sending = {
  /** Name of the orders' table. */
  TABLE: text,
  /** Name of the SES configuration set that every mail goes through. */
  CONFIGURATION_SET: text,
  /** CloudWatch namespace of the metrics. */
  NAMESPACE: text,
};

export const RedeliverEnv = z.object(sending);
export type RedeliverEnv = z.infer<typeof RedeliverEnv>;

export const WebhookEnv = z.object({
  ...sending,
  /** Names or ARNs of the two secrets. */
  PRODUCT_KEYS: text,
  PROVIDER_KEYS: text,
  /** For how many seconds a secret is used before it is read again: digits. */
  KEYS_CACHED_SECONDS: z.string().check(z.regex(/^\d{1,5}$/)),
});
export type WebhookEnv = z.infer<typeof WebhookEnv>;
