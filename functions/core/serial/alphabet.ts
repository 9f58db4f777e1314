/** The digits of each alphabet, by value: RFC 4648, and https://www.crockford.com/base32.html. */
export const ALPHABETS = {
  hex: '0123456789abcdef',
  HEX: '0123456789ABCDEF',
  base64: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  base64url: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  base32: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  crockford: '0123456789ABCDEFGHJKMNPQRSTVWXYZ',
} as const;

export const ALPHABET_NAMES = ['hex', 'HEX', 'base64', 'base64url', 'base32', 'crockford'] as const;
export type Alphabet = (typeof ALPHABET_NAMES)[number];
