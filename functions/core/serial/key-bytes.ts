/** The bytes of a product key. In its own file, because the schemas of `kinds.ts` would add zod to each cold start. */
import { keyBytes } from './aes-128.ts';
import { seedOf } from './ed25519.ts';
import type { Serial } from './kinds.ts';

/** The kinds whose serials are made without a key of ours. */
export const isKeyless = (serial: Serial): serial is Extract<Serial, { kind: 'function' | 'program' }> =>
  serial.kind === 'function' || serial.kind === 'program';

/** Returns the bytes of a key as stored in `product-keys`, or undefined if it does not have the product's form. */
export function bytesOfKey(serial: Serial, key: string): Buffer | undefined {
  switch (serial.kind) {
    case 'aes-128':
      return keyBytes(serial, key);
    case 'ed25519':
      return seedOf(key);
    case 'function':
    case 'program':
      return undefined;
  }
}
