/** Secrets that are cached like those of functions/aws/secrets.ts and change midway. */
import type { ProductKeys, ProviderKeys } from '../../../functions/core/catalogue/keys.ts';
import { Rejection } from '../../../functions/core/inbound/rejection.ts';
import type { Secret } from '../../../functions/core/world.ts';
import { nowOf, type Process } from '../processes/process.ts';
import { SCHEDULES } from '../script/schedules.ts';
import { secretOf } from '../world/catalogue.ts';
import type { Sim } from '../world/sim.ts';
import { call } from './calls.ts';

const READ_MS = 1_500;
const CACHED_MS = 5 * 60_000;
const REFRESH_MS = 30_000;

function cached<Value>(sim: Sim, process: Process, name: string, value: () => Value): Secret<Value> {
  let known: { readonly value: Value; readonly until: number } | undefined;
  let refreshed = { at: Number.NEGATIVE_INFINITY, failed: false };
  const now = () => nowOf(sim, process);
  const load = async () => {
    const read = await call(sim, process, { service: 'secrets', what: name, limit: READ_MS }, value);
    known = { value: read, until: now() + CACHED_MS };
    return read;
  };
  const unavailable = () => new Rejection('keys_unavailable', 'a secret cannot be read');
  return {
    async read() {
      if (known && now() < known.until) return known.value;
      try {
        return await load();
      } catch {
        // Falls back to the expired value.
        if (!known) throw unavailable();
        known = { value: known.value, until: now() + REFRESH_MS };
        return known.value;
      }
    },
    async newer(used) {
      if (known && known.value !== used) return known.value;
      if (now() - refreshed.at < REFRESH_MS) {
        if (refreshed.failed) throw unavailable();
        return undefined;
      }
      refreshed = { at: now(), failed: true };
      const value = await load().catch(() => {
        throw unavailable();
      });
      refreshed = { at: refreshed.at, failed: false };
      return value;
    },
  };
}

/** Standard Webhooks expects base64 after `whsec_`; the others use the text as it is. */
const OLD = 'whsec_c2ltdWxhdGlvbi1vbGQtc2lnbmluZy1rZXk=';
const NEW = 'whsec_c2ltdWxhdGlvbi1uZXctc2lnbmluZy1rZXk=';
export const FORGED = 'whsec_c29tZWJvZHktZWxzZXMtc2lnbmluZy1rZXk=';
/** Both keys are active for this long. The provider signs with the new key before all caches have it. */
const OVERLAP_MS = 40 * 60_000;
const SOON_MS = 2 * 60_000;

const both = (signing: readonly string[]): ProviderKeys =>
  Object.fromEntries(Object.keys(SCHEDULES).map((name) => [name, { signing: [...signing] }]));
const SIGNING = { old: both([OLD]), both: both([NEW, OLD]), new: both([NEW]) };
const PRODUCTS = { old: secretOf(false), new: secretOf(true) };

export function keysFor(sim: Sim) {
  const { keysRenewed } = sim.faultProfile;
  const age = () => sim.clock.now - keysRenewed;
  const signing = () => (age() < 0 ? SIGNING.old : age() < OVERLAP_MS ? SIGNING.both : SIGNING.new);
  const products = (): ProductKeys => (age() < 0 ? PRODUCTS.old : PRODUCTS.new);
  return {
    products,
    signing,
    /** The times at which the secrets change. */
    changes: [keysRenewed, keysRenewed + OVERLAP_MS],
    /** The key with which the providers sign now. */
    signingKey: () => (age() < SOON_MS ? OLD : NEW),
    secretsOf: (process: Process) => ({
      productKeys: cached(sim, process, 'product-keys', products),
      providerKeys: cached(sim, process, 'provider-keys', signing),
    }),
  };
}
