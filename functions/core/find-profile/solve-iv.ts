import { createDecipheriv } from 'node:crypto';
import { BLOCK, pad } from '../serial/aes-128.ts';
import { PADDINGS, SerialProfile } from '../serial/profile.ts';
import { decodeDigits, type Layout } from './layout.ts';

/**
 * Returns the CBC ciphers whose IV explains all pairs. The IV is the decrypted first block of a serial XOR the first block
 * of its name. A single name has such an IV under every key, so at least two names must differ in their first block.
 */
export function solveIvs(key: Buffer, names: readonly Buffer[], layouts: readonly Layout[]): SerialProfile[] {
  if (new Set(names.map((name) => name.toString('latin1', 0, BLOCK))).size < 2) return [];
  return layouts.flatMap(({ text, digits }) => {
    const blocks = digits.map((one) =>
      decryptFirstBlock(key, decodeDigits(one.slice(0, 2 * BLOCK), text.alphabet)),
    );
    return (['none', ...PADDINGS] as const).flatMap((padding) => {
      const ivs = names.flatMap((name, at) => solveIv(blocks[at], pad(padding, name)));
      const [hex] = ivs;
      if (hex === undefined || ivs.some((other) => other !== hex)) return [];
      return ['cbc', 'cbc-dcpcrypt'].flatMap((mode) =>
        parseProfile({ ...HEX, mode, padding, iv: { from: 'literal', hex } }),
      );
    });
  });
}

/** Returns undefined if the ciphertext is shorter than a block. */
function decryptFirstBlock(key: Buffer, ciphertext: Buffer): Buffer | undefined {
  if (ciphertext.length < BLOCK) return undefined;
  return createDecipheriv('aes-128-ecb', key, null)
    .setAutoPadding(false)
    .update(ciphertext.subarray(0, BLOCK));
}

function solveIv(block: Buffer | undefined, name: Buffer): string[] {
  if (!block || name.length < BLOCK) return [];
  return [Buffer.from(block.map((byte, at) => byte ^ (name[at] ?? 0))).toString('hex')];
}

const HEX = { kind: 'aes-128', text: { alphabet: 'HEX' } };

/** Returns an empty list for an impossible combination: CBC has no padding `none`, but DCPcrypt's CBC has. */
export function parseProfile(profile: object): SerialProfile[] {
  const { data } = SerialProfile.safeParse(profile);
  return data ? [data] : [];
}
