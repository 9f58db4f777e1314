import type { Money } from './event.ts';

/** What a decimal amount may look like, here and in the catalogue. */
export const DECIMAL = /^\d{1,15}(?:\.\d{1,6})?$/;

/** Whether the parts in `least`'s currency add up to it, `times` over. Exact: amounts never become floats. */
export function atLeast(parts: readonly Money[], least: Money, times = 1): boolean {
  const sum = parts.reduce((total, part) => total + (part.currency === least.currency ? millionths(part.value) : 0n), 0n);
  return sum >= millionths(least.value) * BigInt(times);
}

/** The sum, or undefined where the currencies differ. */
export function add(one: Money, other: Money): Money | undefined {
  if (one.currency !== other.currency) return undefined;
  const digits = String(millionths(one.value) + millionths(other.value)).padStart(7, '0');
  const fraction = digits.slice(-6).replace(/0{1,4}$/, '');
  return { value: `${digits.slice(0, -6)}.${fraction}`, currency: one.currency };
}

function millionths(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.split('.');
  return BigInt(whole + fraction.padEnd(6, '0'));
}
