import type { Money } from './event.ts';

/** What a decimal amount may look like, here and in the catalogue. */
export const DECIMAL = /^\d{1,15}(?:\.\d{1,6})?$/;

/** Exact: amounts are counted in millionths and never become floats. */
const UNIT = 6;

/** Whether the parts in `least`'s currency add up to it, `times` over. */
export function atLeast(parts: readonly Money[], least: Money, times = 1): boolean {
  const sum = parts.reduce(
    (total, part) => total + (part.currency === least.currency ? toUnits(part.value) : 0n),
    0n,
  );
  return sum >= toUnits(least.value) * BigInt(times);
}

/** The sum, or undefined where the currencies differ. */
export const add = (one: Money, other: Money): Money | undefined =>
  one.currency === other.currency
    ? { value: toDecimal(toUnits(one.value) + toUnits(other.value)), currency: one.currency }
    : undefined;

export const multiply = ({ value, currency }: Money, times: number): Money => ({
  value: toDecimal(toUnits(value) * BigInt(times)),
  currency,
});

/** An amount in the currency's smallest unit, of which `digits` make a whole: 4875 of 2 is 48.75. */
export const fromMinor = (minor: number, digits: number, currency: string): Money => ({
  value: toDecimal(BigInt(minor) * 10n ** BigInt(UNIT - digits)),
  currency: currency.toUpperCase(),
});

function toUnits(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.split('.');
  return BigInt(whole + fraction.padEnd(UNIT, '0'));
}

function toDecimal(units: bigint): string {
  const digits = String(units).padStart(UNIT + 1, '0');
  const fraction = digits.slice(-UNIT).replace(/0+$/, '');
  return `${digits.slice(0, -UNIT)}${fraction && `.${fraction.padEnd(2, '0')}`}`;
}
