import * as z from 'zod/mini';

export const SerialProfile = z.strictObject({ kind: z.literal('aes-128') });
export type SerialProfile = z.infer<typeof SerialProfile>;

/** The sixteen bytes of a key as it stands in `product-keys`, or undefined where it is not of the profile's form. */
export function keyBytes(_profile: SerialProfile, _key: string): Buffer | undefined {
  throw new Error('not yet');
}

/** The serial, or undefined where the licensee has a character that the profile's charset has not. */
export function serialOf(_profile: SerialProfile, _key: Buffer, _licensee: string): string | undefined {
  throw new Error('not yet');
}
