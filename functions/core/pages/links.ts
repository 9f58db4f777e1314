/**
 * The links in mails. A token is encrypted and authenticated (AES-256-GCM, NIST SP 800-38D), so that it needs no stored
 * item and shows no address. Its nonce is an HMAC of the content: two contents never share one.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import * as z from 'zod/mini';
import type { KeypostKeys } from '../catalogue/keys.ts';
import { subkey } from './codes.ts';

/** `licences`: of the address. `name`: of the order. `stop`: the request of a move. */
export type Use = 'licences' | 'name' | 'stop';

export interface Link {
  readonly use: Use;
  /** Milliseconds since 1970. */
  readonly until: number;
  /** An address, or the key of an item. */
  readonly of: string;
}

const MINUTE = 60_000;
export const LINK_MS: Readonly<Record<Use, number>> = {
  // ASVS 5.0, 6.5.5 asks for 10 minutes, but some mails take as long: docs/security.md.
  licences: 30 * MINUTE,
  name: 60 * 24 * 60 * MINUTE,
  stop: 24 * 60 * MINUTE,
};
const [NONCE, TAG] = [12, 16];

export function toToken([newest]: KeypostKeys, { use, until, of }: Link): string {
  if (!newest) throw new Error('found no key of links; deploy the stack again');
  const text = JSON.stringify([use, until, of]);
  const nonce = createHmac('sha256', subkey(newest.key, 'nonce')).update(text).digest().subarray(0, NONCE);
  const cipher = createCipheriv('aes-256-gcm', subkey(newest.key, 'link'), nonce);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(newest.id), nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** Returns the content of a genuine token, even if it has expired. */
export function parseToken(keys: KeypostKeys, token: string): Link | undefined {
  const bytes = Buffer.from(token, 'base64url');
  // A token has one spelling: its typed code is made from it.
  if (bytes.toString('base64url') !== token || bytes.length <= 1 + NONCE + TAG) return undefined;
  const key = keys.find(({ id }) => id === bytes[0])?.key;
  if (key === undefined) return undefined;
  try {
    const cipher = createDecipheriv('aes-256-gcm', subkey(key, 'link'), bytes.subarray(1, 1 + NONCE), {
      authTagLength: TAG,
    });
    cipher.setAuthTag(bytes.subarray(1 + NONCE, 1 + NONCE + TAG));
    const text = Buffer.concat([cipher.update(bytes.subarray(1 + NONCE + TAG)), cipher.final()]).toString();
    const [use, until, of] = Content.parse(JSON.parse(text));
    return { use, until, of };
  } catch {
    return undefined;
  }
}

const Content = z.tuple([z.enum(['licences', 'name', 'stop']), z.number(), z.string()]);
