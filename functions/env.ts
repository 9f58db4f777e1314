/**
 * The environment that the stack must pass to a Lambda: `lib` uses the types, the Lambda parses `process.env` with the
 * functions. They do not use zod, which would have to load before any connection is opened.
 */
type Environment = Readonly<Record<string, string | undefined>>;

export type MailEventsEnv = ReturnType<typeof mailEventsEnv>;
export type RedeliverEnv = ReturnType<typeof redeliverEnv>;
export type PagesEnv = ReturnType<typeof pagesEnv>;
export type OrderMailEnv = ReturnType<typeof orderMailEnv>;
export type WebhookEnv = ReturnType<typeof webhookEnv>;

export const mailEventsEnv = (env: Environment) => ({
  /** The name of the orders table. */
  TABLE: requiredEnv(env, 'TABLE'),
  /** The CloudWatch namespace of the metrics. */
  NAMESPACE: requiredEnv(env, 'NAMESPACE'),
});

export const redeliverEnv = (env: Environment) => ({
  ...mailEventsEnv(env),
  /** The name of the SES configuration set for every mail. */
  CONFIGURATION_SET: requiredEnv(env, 'CONFIGURATION_SET'),
  /** The name or ARN of the secret with the product keys. */
  PRODUCT_KEYS: requiredEnv(env, 'PRODUCT_KEYS'),
  /** The name of the Lambda that runs third-party programs; none if the catalogue has no program. */
  ...(env.GENERATE ? { GENERATE: env.GENERATE } : {}),
  /** The address of the buyers' pages, and the name or ARN of the secret of their links; none without pages. */
  ...(env.PAGES ? { PAGES: env.PAGES } : {}),
  ...(env.KEYPOST_KEYS ? { KEYPOST_KEYS: env.KEYPOST_KEYS } : {}),
  /** The number of seconds that a secret is cached, in digits. */
  KEYS_CACHED_SECONDS: requiredEnv(env, 'KEYS_CACHED_SECONDS', /^\d{1,5}$/),
});

export const webhookEnv = (env: Environment) => ({
  ...redeliverEnv(env),
  /** The name or ARN of the secret with the provider keys. */
  PROVIDER_KEYS: requiredEnv(env, 'PROVIDER_KEYS'),
});

export const pagesEnv = ({ PRODUCT_KEYS = 'none', ...env }: Environment) => ({
  // Without claim codes and corrections, the pages read no product keys.
  ...redeliverEnv({ ...env, PRODUCT_KEYS }),
  PAGES: requiredEnv(env, 'PAGES'),
  KEYPOST_KEYS: requiredEnv(env, 'KEYPOST_KEYS'),
  /** The name of the table of the limits. */
  LIMITS: requiredEnv(env, 'LIMITS'),
});

export const orderMailEnv = (env: Environment) => ({
  ...webhookEnv(env),
  /** The name of the bucket in which SES stores the mails. */
  MAILS_BUCKET: requiredEnv(env, 'MAILS_BUCKET'),
});

function requiredEnv(env: Environment, name: string, form = /./): string {
  const value = env[name] ?? '';
  if (!form.test(value))
    throw new Error(
      `found no valid value of the environment variable ${name}; deploy the stack again to set it`,
    );
  return value;
}
