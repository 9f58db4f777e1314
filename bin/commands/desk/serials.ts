/** The serial of a key and a name, and the profile of a shipped app: to check them against the app. */
import { setImmediate } from 'node:timers/promises';
import * as z from 'zod/mini';
import { catalogueLine } from '../../../functions/core/find-profile/catalogue-line.ts';
import { findProfiles } from '../../../functions/core/find-profile/find-profile.ts';
import { parsePairs } from '../../../functions/core/find-profile/pairs.ts';
import { keyBytes, serialOf } from '../../../functions/core/serial/aes-128.ts';
import { licenseeOf } from '../../../functions/core/serial/name.ts';
import { SerialProfile } from '../../../functions/core/serial/profile.ts';
import { BadRequest, parseBody } from '../cli/http.ts';

const Wanted = z.object({
  ...{ key: z.string(), name: z.string() },
  ...{ product: z.optional(z.string()), profile: z.optional(z.unknown()) },
});
const Known = z.object({ key: z.string(), pairs: z.string() });

/** Products by ID, as the catalogue has them. */
type Products = Readonly<Record<string, { readonly serial: { readonly kind: string } }>>;

/** Makes a serial by the profile in the body, or else by the product's profile. */
export function trySerial(products: Products, body: unknown) {
  const { key, name, product = '', profile } = parseBody(Wanted, body);
  const own = Object.hasOwn(products, product) ? products[product]?.serial : undefined;
  if (!profile && own && own.kind !== 'aes-128')
    throw new BadRequest(`${product} is of kind ${own.kind}; make its serial with \`keypost serial make\``);
  const options = parseBody(SerialProfile, profile ?? own ?? {});
  const bytes = keyBytes(options, key);
  if (!bytes) throw new BadRequest('the key is not of the form that the profile states');
  const named = licenseeOf(name, options);
  if ('held' in named) throw new BadRequest(`no serial can be made of this name: ${named.held}`);
  const serial = serialOf(options, bytes, named.licensee);
  if (serial === undefined)
    throw new BadRequest("the name has a character that is not in the profile's charset");
  return { licensee: named.licensee, serial };
}

/** Returns the profiles that make all pairs, each as text for the catalogue, and a name whose serial would distinguish them. */
export async function findProfile(body: unknown) {
  const { key, pairs: csv } = parseBody(Known, body);
  const parsed = parsePairs(csv);
  if ('mistake' in parsed) throw new BadRequest(parsed.mistake);
  const steps = findProfiles(key, parsed.pairs);
  for (;;) {
    const step = steps.next();
    if (step.done) {
      const { matches, undecided = null } = step.value;
      return { matches, lines: matches.map(catalogueLine), undecided };
    }
    // Lets webhooks and the page continue meanwhile.
    await setImmediate();
  }
}
