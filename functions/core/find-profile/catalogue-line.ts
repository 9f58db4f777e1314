import { SerialProfile } from '../serial/profile.ts';

/** Formats a profile for a product in `keypost.config.ts`, without the options that have their defaults. */
export function catalogueLine({ key, charset, name, text, ...cipher }: SerialProfile): string {
  const defaults = SerialProfile.parse({ kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text });
  const options = {
    ...cipher,
    ...withoutDefaults({ charset }, defaults),
    key: withoutDefaults(key, defaults.key),
    name: withoutDefaults(name, defaults.name),
    text,
  };
  return `serial: ${toLiteral(options)},`;
}

function withoutDefaults(options: object, defaults: object): object {
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value !== Reflect.get(defaults, name)),
  );
}

/** Leaves out undefined and empty parts. */
function toLiteral(value: unknown): string {
  if (typeof value === 'string')
    return `'${value.replace(/['\\]/g, '\\$&').replaceAll('\r', '\\r').replaceAll('\n', '\\n')}'`;
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).flatMap(([name, part]) =>
    part === undefined || isEmpty(part) ? [] : [`${name}: ${toLiteral(part)}`],
  );
  return `{ ${parts.join(', ')} }`;
}

const isEmpty = (part: unknown): boolean =>
  typeof part === 'object' && part !== null && Object.keys(part).length === 0;
