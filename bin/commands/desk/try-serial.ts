/** Makes the serial for a key and a name that the seller knows, to check it against the app. */
import * as z from 'zod/mini';
import { keyBytes, serialOf } from '../../../functions/core/serial/aes-128.ts';
import { licenseeOf } from '../../../functions/core/serial/name.ts';
import { SerialProfile } from '../../../functions/core/serial/profile.ts';
import { BadRequest, parseBody } from '../cli/http.ts';

const Body = z.object({
  key: z.string(),
  name: z.string(),
  product: z.optional(z.string()),
  profile: z.optional(z.unknown()),
});

/** Products by ID, as the catalogue has them. */
type Products = Readonly<Record<string, { readonly serial: { readonly kind: string } }>>;

/** Uses the profile in the body, or else the product's profile. */
export function trySerial(products: Products, body: unknown) {
  const { key, name, product = '', profile } = parseBody(Body, body);
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
