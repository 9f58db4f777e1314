import { encode } from '../../../functions/core/serial/charset.ts';
import { licenseeOf } from '../../../functions/core/serial/name.ts';
import type { SerialProfile } from '../../../functions/core/serial/profile.ts';
import { CommandError } from '../cli/failure.ts';

/** Throws a CommandError where an order with this name would be held. */
export function licenseeFor(who: string, profile: SerialProfile, name: string): string {
  const result = licenseeOf(name, profile);
  if ('licensee' in result) return result.licensee;
  switch (result.held) {
    case 'no_name':
      throw new CommandError(`${who}: found no letter in the name; write one that can be seen`);
    case 'name_too_long': {
      const most = `${profile.name.maxBytes} bytes of ${profile.charset}`;
      throw new CommandError(`${who}: found a name of ${name.length} characters; write at most ${most}`);
    }
    case 'unmappable_name':
      throw unmappable(who, profile, name);
  }
}

export function unmappable(who: string, { charset }: SerialProfile, name: string): CommandError {
  const letter = [...name.normalize('NFC')].find((one) => !IGNORED.test(one) && !encode(charset, one));
  const code = letter?.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
  return new CommandError(
    letter
      ? `${who}: found ${letter} (U+${code}), which ${charset} has not; write another spelling of the name`
      : `${who}: found damage or a control character in the name; write it as the buyer types it (docs/names.md)`,
  );
}

/** Becomes a space, or nothing. */
const IGNORED = /[\p{Zs}\p{Cf}]/u;
