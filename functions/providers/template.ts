/** Notifications as a provider writes them, with `{name}` for each value that differs from one to the next. */
import { readFileSync } from 'node:fs';

/**
 * Returns the JSON of a file, named relative to this folder, with each `{name}` replaced. A text that is `{name}` alone
 * becomes the value itself, whatever its type. Throws for a name without a value.
 */
export function fillTemplate(file: string, values: Readonly<Record<string, unknown>>): unknown {
  const valueFor = (name: string) => {
    if (Object.hasOwn(values, name)) return values[name];
    throw new Error(`${file} contains {${name}}, which has no value; pass one`);
  };
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'), (_, value: unknown) => {
    if (typeof value !== 'string') return value;
    const whole = /^\{(\w+)\}$/.exec(value)?.[1];
    return whole
      ? valueFor(whole)
      : value.replace(/\{(\w+)\}/g, (_all, name: string) => String(valueFor(name)));
  });
}
