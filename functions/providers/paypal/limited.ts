/** Limits the calls that forged requests can cause: each can name another certificate. */
import { Rejection } from '../../core/inbound/rejection.ts';

const EVERY_MS = 10_000;
const FAILURE_MS = 3_600_000;

/**
 * Remembers results by name while the Lambda lives, a failure (undefined) for an hour. Calls for at most one unknown
 * name in 10 s, and throws `provider_unavailable` for any other, so that the provider sends the request again.
 */
export function limited<Result>() {
  const known = new Map<string, { readonly at: number; readonly result: Promise<Result | undefined> }>();
  let last = { name: '', at: Number.NEGATIVE_INFINITY };

  return {
    async find(name: string, now: number, call: () => Promise<Result | undefined>) {
      const found = known.get(name);
      // Awaits only a known name, so that requests at the same time find the entry that the first one sets.
      const result = found && (await found.result);
      if (result !== undefined || (found && now - found.at < FAILURE_MS)) return result;
      if (Math.abs(now - last.at) < EVERY_MS)
        throw new Rejection(
          'provider_unavailable',
          'found a second unknown certificate within 10 s; expected the request again later',
        );
      last = { name, at: now };
      const made = call();
      known.set(name, { at: now, result: made });
      // A call that got no answer may be made again.
      made.catch(() => known.delete(name));
      return await made;
    },
    /** Ends the wait that `name` started: it was in a genuine request. */
    release(name: string) {
      if (last.name === name) last = { name, at: Number.NEGATIVE_INFINITY };
    },
  };
}
