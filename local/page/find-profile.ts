/** "Your key and a few pairs → the settings": which profile a shipped app has. */
import { setImmediate } from 'node:timers/promises';
import * as z from 'zod/mini';
import { catalogueLine } from '../../functions/core/find-profile/catalogue-line.ts';
import { findProfiles } from '../../functions/core/find-profile/find-profile.ts';
import { parsePairs } from '../../functions/core/find-profile/pairs.ts';
import { BadRequest, wish } from './bad-request.ts';

const Wish = z.object({ key: z.string(), pairs: z.string() });

/** The profiles, the line of the catalogue for each, and which further pair would decide. Throws a BadRequest. */
export async function findProfile(body: unknown) {
  const { key, pairs: csv } = wish(Wish, body);
  const read = parsePairs(csv);
  if ('mistake' in read) throw new BadRequest(read.mistake);
  const steps = findProfiles(key, read.pairs);
  for (;;) {
    const step = steps.next();
    if (step.done) {
      const { matches, undecided = null } = step.value;
      return { matches, lines: matches.map(catalogueLine), undecided };
    }
    // Webhooks and the page go on meanwhile.
    await setImmediate();
  }
}
