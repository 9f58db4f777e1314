import type { SerialProfile } from './serial.ts';

/** The name as it must be typed, or why there is none. */
export function licenseeOf(
  _received: string,
  _profile: SerialProfile,
): { readonly licensee: string } | { readonly held: 'no_name' | 'name_too_long' | 'unmappable_name' } {
  throw new Error('not yet');
}
