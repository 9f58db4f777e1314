/** Caches a secret: Secrets Manager may be slow or unavailable while orders come in. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { errorName, Rejection } from '../core/inbound/rejection.ts';
import type { Secret } from '../core/world.ts';
import { LEAN, trimClient, within } from './client.ts';

const READ_MS = 1_500;
/** Limits the reads that requests with an unknown signature can cause. */
const REFRESH_MS = 30_000;

export const secretsClient = (): SecretsManagerClient =>
  trimClient(
    new SecretsManagerClient({
      ...LEAN,
      maxAttempts: 2,
      requestHandler: { connectionTimeout: 500, requestTimeout: READ_MS, throwOnRequestTimeout: true },
    }),
  );

/** A secret that is known already. */
export const fixedSecret = <Value>(value: Value): Secret<Value> => ({
  read: async () => value,
  newer: async () => undefined,
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
    const { SecretString } = await within(READ_MS, client.send(command));
    const value = await parse(JSON.parse(SecretString ?? ''));
    cached = { value, until: now() + cachedMs };
    return value;
  };
  /** Concurrent callers share one read, and its failure. */
  const sharedLoad = () => {
    reading ??= load().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  const unavailable = (error: unknown) =>
    new Rejection(
      'keys_unavailable',
      `a secret cannot be read (${errorName(error)}); check its name and the permissions`,
    );

  const refresh = async () => {
    refreshed = { at: now(), failed: true };
    try {
      const value = await sharedLoad();
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
        return await sharedLoad();
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
