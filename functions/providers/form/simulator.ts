/** Sends the form of such a shop: the fields and the proof that the catalogue's options name. */
import { createHash, randomInt } from 'node:crypto';
import { postForm, type Simulator, type TestOrder } from '../simulator.ts';
import { Options, SECRET } from './options.ts';

export const simulator: Simulator = {
  events: ['paid', 'refunded', 'disputed'],

  request(order, secret, unchecked) {
    const options = Options.parse(unchecked);
    const { proof } = options;
    const orderId = order.id ?? `SIM-${randomInt(100_000, 999_999)}`;
    const encode = (text: string) => percentEncode(text, options.charset === 'latin1' ? 'latin1' : 'utf8');
    const fields = Object.entries(fieldsOf(order, options, orderId)).map(
      ([field, value]): [string, string] => [field, options.escapedTwice ? encode(value) : value],
    );
    if (typeof proof === 'object' && 'hash' in proof) fields.push([proof.field, hash(proof, secret, fields)]);
    const inAddress = typeof proof === 'object' && 'address' in proof;
    const query = inAddress ? `${proof.address}=${encodeURIComponent(secret)}` : '';
    const basic = { authorization: `Basic ${Buffer.from(secret).toString('base64')}` };
    const body = fields.map((pair) => pair.map(encode).join('=')).join('&');
    return postForm(orderId, body, proof === 'basic' ? basic : {}, query);
  },
};

function hash(
  { hash: algorithm, of, inSmallLetters }: { hash: string; of: readonly string[]; inSmallLetters: boolean },
  secret: string,
  fields: readonly (readonly [string, string])[],
): string {
  const values = new Map([...fields, [SECRET, secret]]);
  const text = of.map((field) => values.get(field) ?? '').join('');
  return createHash(algorithm)
    .update(inSmallLetters ? text.toLowerCase() : text)
    .digest('hex');
}

function fieldsOf(
  { event, sku, name, email, company, test, floor }: TestOrder,
  { fields, about, test: flag, charset }: Options,
  orderId: string,
): Record<string, string> {
  const names = [fields.name ?? []].flat();
  const words = name.split(' ');
  const [last = ''] = names.length > 1 ? words.splice(-1) : [];
  const values = about && { paid: about.sale, refunded: about.refund, disputed: about.chargeback }[event];
  const pairs: readonly (readonly [field: string | undefined, value: string])[] = [
    [fields.quantity, '1'],
    [fields.price, Math.max(39, floor).toFixed(2)],
    [/^[A-Z]{3}$/.test(fields.currency ?? '') ? undefined : fields.currency, 'EUR'],
    [names[0], words.join(' ')],
    [names[1], last],
    [fields.email, email],
    [fields.company, company],
    [fields.country, 'DE'],
    [about?.field, values?.[0] ?? ''],
    [flag?.field, flag && test ? flag.word : ''],
    [
      typeof charset === 'object' ? charset.field : undefined,
      typeof charset === 'object' ? charset.utf8 : '',
    ],
    [fields.sku, sku],
    [fields.id, orderId],
  ];
  return Object.fromEntries(pairs.flatMap(([field, value]) => (field === undefined ? [] : [[field, value]])));
}

/** Encodes the bytes of the charset. A character outside Latin-1 becomes a question mark, as in a shop. */
const percentEncode = (text: string, charset: 'utf8' | 'latin1'): string =>
  [...Buffer.from(charset === 'latin1' ? text.replace(/[^\p{ASCII}\xa0-\xff]/gu, '?') : text, charset)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      if (/[\w.*-]/.test(char)) return char;
      return char === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
