/** "Your key and a name you know → your serial": what a seller's app has to accept. */
import * as z from 'zod/mini';
import type { Catalogue } from '../../functions/core/catalogue/catalogue.ts';
import { keyBytes, serialOf } from '../../functions/core/serial/aes-128.ts';
import { licenseeOf } from '../../functions/core/serial/name.ts';
import { SerialProfile } from '../../functions/core/serial/profile.ts';
import { BadRequest, wish } from './bad-request.ts';

const Wish = z.object({
  key: z.string(),
  name: z.string(),
  product: z.optional(z.string()),
  profile: z.optional(z.unknown()),
});

/** The serial by the profile that is sent along, or else by the product's. */
export function trySerial({ products }: Catalogue, body: unknown) {
  const { key, name, product = '', profile } = wish(Wish, body);
  const options = wish(
    SerialProfile,
    profile ?? (Object.hasOwn(products, product) ? products[product]?.serial : {}),
  );
  const bytes = keyBytes(options, key);
  if (!bytes) throw new BadRequest('the key is not of the form that the profile asks for');
  const named = licenseeOf(name, options);
  if ('held' in named) throw new BadRequest(`no serial can be made of this name: ${named.held}`);
  const serial = serialOf(options, bytes, named.licensee);
  if (serial === undefined)
    throw new BadRequest("the name has a character that the profile's charset has not");
  return { licensee: named.licensee, serial };
}
