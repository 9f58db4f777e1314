/** A provider's sample, changed at named places. */
import { readFileSync } from 'node:fs';

export const sampleOf = (path: string): Buffer =>
  readFileSync(new URL(`./fixtures/${path}`, import.meta.url));

/** The JSON with values put at dotted paths; undefined takes one away. */
export function changed(path: string, changes: Readonly<Record<string, unknown>>): Buffer {
  const whole = JSON.parse(sampleOf(path).toString());
  for (const [place, value] of Object.entries(changes)) {
    const names = place.split('.');
    const last = names.pop() ?? '';
    const holder = names.reduce((part, name) => part[name], whole);
    if (value === undefined) delete holder[last];
    else holder[last] = value;
  }
  return Buffer.from(JSON.stringify(whole));
}

/** The names of all fields, without what stands in them. */
export const shapeOf = (value: unknown): unknown =>
  value && typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shapeOf(part)]))
    : null;
