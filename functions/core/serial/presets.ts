import type * as z from 'zod/mini';
import type { SerialProfile } from './profile.ts';

/**
 * Settings of common encryption tools. A seller spreads one into a product's `serial` and completes it. docs/serials.md
 * states the evidence for each. A released preset never changes, because apps in customers' hands depend on it; an
 * improved one gets its own name.
 */
export const presets = {
  'cocoa-cccrypt': { kind: 'aes-128', mode: 'cbc', iv: { from: 'zero' }, padding: 'pkcs7' },
  'cocoa-cccrypt-ecb': { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7' },
  'cocoa-nsdata-aes': {
    kind: 'aes-128',
    key: { form: 'ascii', fit: 'null-pad-or-cut' },
    mode: 'cbc',
    iv: { from: 'zero' },
    padding: 'pkcs7',
  },
  'realbasic-mbs-ecb': { kind: 'aes-128', mode: 'ecb', padding: 'null' },
  'realbasic-mbs-cbc': { kind: 'aes-128', mode: 'cbc', padding: 'null' },
  'xojo-mbs-cipher-ecb': { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7' },
  'xojo-mbs-cipher-cbc': { kind: 'aes-128', mode: 'cbc', padding: 'pkcs7' },
  'xojo-nulls-mbs-cipher-ecb': { kind: 'aes-128', mode: 'ecb', padding: 'null-pkcs7' },
  'mysql-aes-encrypt': {
    kind: 'aes-128',
    key: { form: 'ascii', fit: 'mysql' },
    mode: 'ecb',
    padding: 'pkcs7',
  },
  'm-crypto-ecb': {
    kind: 'aes-128',
    key: { form: 'ascii', fit: 'null-pad-or-cut' },
    mode: 'ecb',
    padding: 'pkcs7',
    text: { alphabet: 'HEX' },
  },
  'm-crypto-cbc': {
    kind: 'aes-128',
    key: { form: 'ascii', fit: 'null-pad-or-cut' },
    mode: 'cbc',
    iv: { from: 'zero' },
    padding: 'pkcs7',
    text: { alphabet: 'HEX' },
  },
  'php-mcrypt-ecb': { kind: 'aes-128', mode: 'ecb', padding: 'null' },
  'php-mcrypt-cbc': { kind: 'aes-128', mode: 'cbc', padding: 'null' },
  'dotnet-rijndael-cbc': { kind: 'aes-128', mode: 'cbc', padding: 'pkcs7' },
  'delphi-dcpcrypt': {
    kind: 'aes-128',
    key: { form: 'md5' },
    mode: 'cbc-dcpcrypt',
    iv: { from: 'encrypted-zero' },
    padding: 'none',
    charset: 'windows-1252',
    text: { alphabet: 'base64' },
  },
  'delphi-dec-cfb8': {
    kind: 'aes-128',
    mode: 'cfb8',
    iv: { from: 'zero' },
    padding: 'none',
    charset: 'windows-1252',
    text: { alphabet: 'HEX' },
  },
  'delphi-lockbox-3': {
    kind: 'aes-128',
    mode: 'cbc',
    iv: { from: 'literal', hex: '30303030303030303030303030303030' },
    padding: 'pkcs7',
    text: { alphabet: 'base64' },
  },
  'openssl-ecb': { kind: 'aes-128', key: { form: 'hex' }, mode: 'ecb', padding: 'pkcs7' },
  'openssl-cbc': { kind: 'aes-128', key: { form: 'hex' }, mode: 'cbc', padding: 'pkcs7' },
} as const satisfies Readonly<Record<string, Partial<z.input<typeof SerialProfile>>>>;
