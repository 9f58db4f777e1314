import { SerialProfile } from '../serial/profile.ts';

/** The profile as it is pasted into a product of `keypost.config.ts`, without what goes without saying. */
export function catalogueLine({ key, charset, name, text, ...cipher }: SerialProfile): string {
  const plain = SerialProfile.parse({ kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text });
  const said = {
    ...cipher,
    ...besides({ charset }, plain),
    key: besides(key, plain.key),
    name: besides(name, plain.name),
    text,
  };
  return `serial: ${literal(said)},`;
}

function besides(options: object, defaults: object): object {
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value !== Reflect.get(defaults, name)),
  );
}

/** Empty parts are left out: they say nothing. */
function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value.replace(/['\\]/g, '\\$&')}'`;
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).flatMap(([name, part]) =>
    part === undefined || isEmpty(part) ? [] : [`${name}: ${literal(part)}`],
  );
  return `{ ${parts.join(', ')} }`;
}

const isEmpty = (part: unknown): boolean =>
  typeof part === 'object' && part !== null && Object.keys(part).length === 0;
