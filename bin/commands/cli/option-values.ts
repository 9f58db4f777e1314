/** Parsers of option values. A value that is not understood ends the command with exit code 2. */
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { toMailbox } from '../../../functions/core/mail/address.ts';

/** Returns the address as SES takes it. */
export function parseAddress(text: string): string {
  const address = toMailbox(text);
  if (address) return address;
  throw new InvalidArgumentError('Expected an address such as name@example.com.');
}

/** Returns a day in UTC. */
export function parseDay(text: string): string {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse reads February 30th as March 2nd.
  if (Number.isFinite(at) && dayOf(at) === text) return text;
  throw new InvalidArgumentError('Expected a date such as 2026-11-23.');
}

/** Returns the milliseconds of a day or a time. */
export function parseTime(text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(at)) return at;
  throw new InvalidArgumentError(
    'Expected a date such as 2026-11-20, or a time such as 2026-11-20T18:00:00Z.',
  );
}

export const parseCount =
  (max: number) =>
  (text: string): number => {
    if (/^[1-9]\d{0,6}$/.test(text) && Number(text) <= max) return Number(text);
    throw new InvalidArgumentError(`Expected a number from 1 to ${max}.`);
  };

/** Returns the day in UTC. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
