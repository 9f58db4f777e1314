/**
 * What the stack must tell a Lambda: `lib` takes the types, the Lambda reads `process.env` with the functions. By hand,
 * since zod would be made ready for six names before any connection is opened.
 */
type Environment = Readonly<Record<string, string | undefined>>;

export type MailEventsEnv = ReturnType<typeof mailEventsEnv>;
export type RedeliverEnv = ReturnType<typeof redeliverEnv>;
export type WebhookEnv = ReturnType<typeof webhookEnv>;

export const mailEventsEnv = (env: Environment) => ({
  /** Name of the orders' table. */
  TABLE: told(env, 'TABLE'),
  /** CloudWatch namespace of the metrics. */
  NAMESPACE: told(env, 'NAMESPACE'),
});

export const redeliverEnv = (env: Environment) => ({
  ...mailEventsEnv(env),
  /** Name of the SES configuration set that every mail goes through. */
  CONFIGURATION_SET: told(env, 'CONFIGURATION_SET'),
});

export const webhookEnv = (env: Environment) => ({
  ...redeliverEnv(env),
  /** Names or ARNs of the two secrets. */
  PRODUCT_KEYS: told(env, 'PRODUCT_KEYS'),
  PROVIDER_KEYS: told(env, 'PROVIDER_KEYS'),
  /** For how many seconds a secret is used before it is read again: digits. */
  KEYS_CACHED_SECONDS: told(env, 'KEYS_CACHED_SECONDS', /^\d{1,5}$/),
});

function told(env: Environment, name: string, form = /./): string {
  const value = env[name] ?? '';
  if (!form.test(value)) throw new Error(`the environment says nothing usable of ${name}`);
  return value;
}
