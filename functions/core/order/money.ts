import type { HeldReason, Money, SoldLine } from '../inbound/event.ts';

/** The form of a decimal amount, here and in the catalogue. */
export const DECIMAL = /^\d{1,15}(?:\.\d{1,6})?$/;

/** Exact: amounts are counted in millionths and never become floats. */
const UNIT = 6;

/** True if the parts in `least`'s currency add up to at least `times` times `least`. */
export function atLeast(parts: readonly Money[], least: Money, times = 1): boolean {
  const sum = parts.reduce(
    (total, part) => total + (part.currency === least.currency ? toUnits(part.value) : 0n),
    0n,
  );
  return sum >= toUnits(least.value) * BigInt(times);
}

/** Returns the sum, or undefined if the currencies differ. */
export const add = (one: Money, other: Money): Money | undefined =>
  one.currency === other.currency
    ? { value: toDecimal(toUnits(one.value) + toUnits(other.value)), currency: one.currency }
    : undefined;

/** By currency, the least that one copy may cost. */
export type Floor = Readonly<Record<string, string>>;

/**
 * Returns the reason why the line does not pass the floor, if any. A settlement currency that the floor lists takes
 * precedence over the currency paid. A test order may be in any currency, because its serial opens nothing.
 */
export function checkFloor(
  floor: Floor | undefined,
  { settlement, paid, quantity }: Pick<SoldLine, 'settlement' | 'paid' | 'quantity'>,
  test: boolean,
): HeldReason | undefined {
  if (!floor) return undefined;
  const amount = [settlement, paid].find((one) => one && Object.hasOwn(floor, one.currency));
  const value = amount && floor[amount.currency];
  if (!amount || value === undefined) return test ? undefined : 'price_unknown';
  return atLeast([amount], { ...amount, value }, quantity) ? undefined : 'below_floor';
}

/** The part of `total` that `part` is of `whole`, rounded down; undefined if an amount is unknown or `whole` is 0. */
export function shareOf(
  total: Money | undefined,
  part: Money | undefined,
  whole: Money | undefined,
): Money | undefined {
  if (!total || !part || part.currency !== whole?.currency || toUnits(whole.value) === 0n) return undefined;
  const units = (toUnits(total.value) * toUnits(part.value)) / toUnits(whole.value);
  return { value: toDecimal(units), currency: total.currency };
}

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
