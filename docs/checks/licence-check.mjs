/**
 * Checks a Keypost licence, offline, in Node.js or Electron. Copy this file into your app, and write your public keys
 * (`keypost keys public`) and product number into it.
 */
import { createPublicKey, verify } from 'node:crypto';

/** The public keys by key number, in hex. */
const KEYS = { 1: '00'.repeat(32) };
const PRODUCT = 1;
const DAY_MS = 86_400_000;
const EPOCH = Date.UTC(2020, 0, 1);

/** Returns the licence, or undefined if the text is not a valid licence for the product. */
export function readLicence(text, keys = KEYS, product = PRODUCT) {
  if (!text.startsWith('KP1-')) return undefined;
  const digits = text.slice(4);
  const bytes = Buffer.from(digits, 'base64url');
  // Each licence has one text only: refuse other spellings of the same bytes.
  if (bytes.toString('base64url') !== digits || bytes.length < 17 + 64) return undefined;
  const [payload, signature] = [bytes.subarray(0, -64), bytes.subarray(-64)];
  const key = keys[payload[0] & 15];
  if (payload[0] >> 4 !== 1 || payload.readUInt16BE(1) !== product || !key) return undefined;
  const x = Buffer.from(key, 'hex').toString('base64url');
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const signed = Buffer.concat([Buffer.from('keypost/licence/v1\0'), payload]);
  if (!verify(null, signed, publicKey, signature)) return undefined;
  const updates = payload.readUInt16BE(5);
  return {
    name: payload.subarray(16).toString(),
    issued: new Date(EPOCH + payload.readUInt16BE(3) * DAY_MS),
    /** Undefined: updates for ever. */
    updatesUntil: updates === 0 ? undefined : new Date(EPOCH + updates * DAY_MS),
    seats: payload[7],
    /** The ID in a list of revoked licences. */
    id: payload.subarray(8, 16).toString('hex'),
  };
}
