/**
 * Signed licences for apps that hold only a public key: Ed25519 (RFC 8032) over a fixed binary payload. docs/ed25519.md
 * has the layout, and docs/checks the code for apps. All numbers are big-endian.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** The high four bits of the first byte; the low four are the key number. */
const FORMAT = 1;
/** Bytes before the name: format and key, product, day, updates, seats, ID. */
const HEAD = 16;
const SIGNATURE = 64;
const MOST_SEATS = 255;
/** The highest key number. 0 is that of test orders, which no app accepts. */
export const MOST_KEYS = 15;
const EPOCH = Date.UTC(2020, 0, 1);
const DAY_MS = 86_400_000;
const LICENCE = { prefix: 'KP1-', domain: 'keypost/licence/v1\0' } as const;
const REVOKED = { prefix: 'KPR1-', domain: 'keypost/revoked/v1\0' } as const;

export interface SigningKey {
  /** 0 to 15. */
  readonly number: number;
  /** The 32 bytes of RFC 8032. */
  readonly seed: Buffer;
}

export interface Licence {
  readonly product: number;
  /** Milliseconds since 1970; only the day counts. */
  readonly issuedAt: number;
  /** Months of updates, from the day on; undefined: without a limit. */
  readonly months?: number | undefined;
  readonly seats: number;
  readonly id: Buffer;
  readonly licensee: string;
}

/** Returns undefined if the order has more seats than a byte holds. */
export function signLicence(
  { product, issuedAt, months, seats, id, licensee }: Licence,
  key: SigningKey,
): string | undefined {
  if (seats > MOST_SEATS) return undefined;
  const head = Buffer.alloc(HEAD - id.length);
  head.writeUInt8((FORMAT << 4) | key.number, 0);
  head.writeUInt16BE(product, 1);
  head.writeUInt16BE(dayOf(issuedAt), 3);
  head.writeUInt16BE(months === undefined ? 0 : dayOf(addMonths(issuedAt, months)), 5);
  head.writeUInt8(seats, 7);
  return toText(LICENCE, Buffer.concat([head, id, Buffer.from(licensee)]), key);
}

/** Identifies one serial: a revocation affects neither its successor nor the serial of another line. */
export const licenceId = (orderKey: string, lineIndex: number, issue: number): Buffer =>
  createHash('sha256').update(`${orderKey}\n${lineIndex}\n${issue}`).digest().subarray(0, 8);

/** A signed list of the IDs of licences that are not valid any more, sorted, so that an app can search it. */
export function signRevoked(
  {
    product,
    listedAt,
    ids,
  }: { readonly product: number; readonly listedAt: number; readonly ids: readonly Buffer[] },
  key: SigningKey,
): string {
  const head = Buffer.alloc(5);
  head.writeUInt8((FORMAT << 4) | key.number, 0);
  head.writeUInt16BE(product, 1);
  head.writeUInt16BE(dayOf(listedAt), 3);
  return toText(REVOKED, Buffer.concat([head, ...[...ids].sort(Buffer.compare)]), key);
}

/** Returns the licensee if the text is a licence for the product that one of the keys has signed, in its only form. */
export function licenseeIn(text: string, product: number, keys: readonly SigningKey[]): string | undefined {
  const bytes = fromText(text);
  if (!bytes || bytes.length <= HEAD + SIGNATURE || bytes.readUInt16BE(1) !== product) return undefined;
  const [payload, signature] = [bytes.subarray(0, -SIGNATURE), bytes.subarray(-SIGNATURE)];
  const key = keys.find(({ number }) => bytes[0] === ((FORMAT << 4) | number));
  const signed = Buffer.concat([Buffer.from(LICENCE.domain), payload]);
  const isValid = key && verify(null, signed, createPublicKey(privateKey(key.seed)), signature);
  return isValid ? payload.subarray(HEAD).toString() : undefined;
}

/** True if the text begins like a licence of the product. It may be signed or not. */
export const isOfProduct = (text: string, product: number): boolean =>
  text.startsWith(LICENCE.prefix) &&
  Buffer.from(text.slice(LICENCE.prefix.length), 'base64url').subarray(1, 3).toString('hex') ===
    product.toString(16).padStart(4, '0');

/** The seed as stored in `product-keys`: 32 bytes in base64. */
export function seedOf(key: string): Buffer | undefined {
  const bytes = Buffer.from(key, 'base64');
  return bytes.length === 32 && bytes.toString('base64') === key ? bytes : undefined;
}

/** The 32 bytes that the app holds. */
export const publicKeyOf = (seed: Buffer): Buffer =>
  createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' }).subarray(-32);

export const signBytes = (bytes: Buffer, seed: Buffer): Buffer => sign(null, bytes, privateKey(seed));

/** RFC 8410, 7: the DER of a private key is this prefix and the seed. */
const privateKey = (seed: Buffer): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  });

function toText(
  { prefix, domain }: typeof LICENCE | typeof REVOKED,
  payload: Buffer,
  { seed }: SigningKey,
): string {
  const signature = signBytes(Buffer.concat([Buffer.from(domain), payload]), seed);
  return prefix + Buffer.concat([payload, signature]).toString('base64url');
}

/** Decodes strictly: each licence has one text only. */
function fromText(text: string): Buffer | undefined {
  const digits = text.slice(LICENCE.prefix.length);
  const bytes = Buffer.from(digits, 'base64url');
  return text.startsWith(LICENCE.prefix) && bytes.toString('base64url') === digits ? bytes : undefined;
}

const dayOf = (time: number): number => Math.floor((time - EPOCH) / DAY_MS);

/** The same day of a later month, or the last day of that month. */
function addMonths(time: number, months: number): number {
  const date = new Date(time);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(date.getUTCDate(), lastDay));
}
