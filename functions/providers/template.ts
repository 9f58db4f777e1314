/** Notifications as a provider writes them, with names in braces where one differs from the next. */
import { readFileSync } from 'node:fs';

/**
 * The JSON file beside this one with each `{name}` replaced: by the value itself where nothing stands around it.
 * Throws for a name that has no value.
 */
export function filled(file: string, values: Readonly<Record<string, unknown>>): unknown {
  const valueFor = (name: string) => {
    if (Object.hasOwn(values, name)) return values[name];
    throw new Error(`${file} asks for ${name}`);
  };
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'), (_, value: unknown) => {
    if (typeof value !== 'string') return value;
    const whole = /^\{(\w+)\}$/.exec(value)?.[1];
    return whole
      ? valueFor(whole)
      : value.replace(/\{(\w+)\}/g, (_all, name: string) => String(valueFor(name)));
  });
}
