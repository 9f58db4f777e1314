import { createDecipheriv } from 'node:crypto';
import { pad } from '../serial/aes-128.ts';
import { PADDINGS, SerialProfile } from '../serial/profile.ts';
import { bytesOf, type Layout } from './layout.ts';

const BLOCK = 16;

/**
 * The ciphers in CBC with the IV that explains all pairs alike: what a serial's first block decrypts to, XORed with the
 * name's. One name alone has such an IV under any key, so that there are none unless two names begin otherwise.
 */
export function solvedIvs(
  key: Buffer,
  names: readonly Buffer[],
  layouts: readonly Layout[],
): SerialProfile[] {
  if (new Set(names.map((name) => name.toString('latin1', 0, BLOCK))).size < 2) return [];
  return layouts.flatMap(({ text, digits }) => {
    const blocks = digits.map((one) => decrypted(key, bytesOf(one.slice(0, 2 * BLOCK), text.alphabet)));
    return (['none', ...PADDINGS] as const).flatMap((padding) => {
      const ivs = names.flatMap((name, at) => explained(blocks[at], pad(padding, name)));
      const [hex] = ivs;
      if (hex === undefined || ivs.some((other) => other !== hex)) return [];
      return ['cbc', 'cbc-dcpcrypt'].flatMap((mode) =>
        legal({ mode, padding, iv: { from: 'literal', hex } }),
      );
    });
  });
}

/** The first block; undefined where there is none. */
function decrypted(key: Buffer, ciphertext: Buffer): Buffer | undefined {
  if (ciphertext.length < BLOCK) return undefined;
  return createDecipheriv('aes-128-ecb', key, null)
    .setAutoPadding(false)
    .update(ciphertext.subarray(0, BLOCK));
}

function explained(block: Buffer | undefined, name: Buffer): string[] {
  if (!block || name.length < BLOCK) return [];
  return [Buffer.from(block.map((byte, at) => byte ^ (name[at] ?? 0))).toString('hex')];
}

/** CBC has no padding `none`; DCPcrypt's has. */
function legal(cipher: object): SerialProfile[] {
  const { data } = SerialProfile.safeParse({ kind: 'aes-128', text: { alphabet: 'HEX' }, ...cipher });
  return data ? [data] : [];
}
