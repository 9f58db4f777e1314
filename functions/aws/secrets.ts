/** A secret, read rarely: Secrets Manager may be slow or down while orders come in. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { errorName, Rejection } from '../core/inbound/rejection.ts';
import type { Secret } from '../core/world.ts';

const READ_MS = 1_500;
/** How often a signature that nobody can explain may make us read a secret. */
const REFRESH_MS = 30_000;

export const secretsClient = (): SecretsManagerClient =>
  new SecretsManagerClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 500, requestTimeout: READ_MS, throwOnRequestTimeout: true },
  });

export function cachedSecret<Value>(
  client: SecretsManagerClient,
  secretId: string,
  {
    parse,
    cachedMs,
    now,
  }: { parse: (json: unknown) => Value | Promise<Value>; cachedMs: number; now: () => number },
): Secret<Value> {
  let cached: { readonly value: Value; readonly until: number } | undefined;
  let reading: Promise<Value> | undefined;
  let refreshing: Promise<Value> | undefined;
  let refreshed = { at: Number.NEGATIVE_INFINITY, failed: false };

  const load = async () => {
    const command = new GetSecretValueCommand({ SecretId: secretId });
    const { SecretString } = await client.send(command, { abortSignal: AbortSignal.timeout(READ_MS) });
    const value = await parse(JSON.parse(SecretString ?? ''));
    cached = { value, until: now() + cachedMs };
    return value;
  };
  /** One reader at a time, and a failure is nobody's but theirs who waited for it. */
  const shared = () => {
    reading ??= load().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  const unavailable = (error: unknown) =>
    new Rejection('keys_unavailable', `a secret cannot be read: ${errorName(error)}`);

  const refresh = async () => {
    refreshed = { at: now(), failed: true };
    try {
      const value = await shared();
      refreshed = { at: refreshed.at, failed: false };
      return value;
    } catch (error) {
      throw unavailable(error);
    } finally {
      refreshing = undefined;
    }
  };

  return {
    async read() {
      if (cached && now() < cached.until) return cached.value;
      try {
        return await shared();
      } catch (error) {
        if (!cached) throw unavailable(error);
        cached = { value: cached.value, until: now() + REFRESH_MS };
        return cached.value;
      }
    },
    async newer(used) {
      if (cached && cached.value !== used) return cached.value;
      if (!refreshing && now() - refreshed.at < REFRESH_MS) {
        if (refreshed.failed) throw unavailable(undefined);
        return undefined;
      }
      refreshing ??= refresh();
      return await refreshing;
    },
  };
}
