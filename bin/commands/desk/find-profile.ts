/** Finds the profile of a shipped app from its key and a few pairs of name and serial. */
import { setImmediate } from 'node:timers/promises';
import * as z from 'zod/mini';
import { catalogueLine } from '../../../functions/core/find-profile/catalogue-line.ts';
import { findProfiles } from '../../../functions/core/find-profile/find-profile.ts';
import { parsePairs } from '../../../functions/core/find-profile/pairs.ts';
import { BadRequest, parseBody } from '../cli/http.ts';

const Body = z.object({ key: z.string(), pairs: z.string() });

/** Returns the profiles, each as text for the catalogue, and a name whose serial would distinguish them. */
export async function findProfile(body: unknown) {
  const { key, pairs: csv } = parseBody(Body, body);
  const parsed = parsePairs(csv);
  if ('mistake' in parsed) throw new BadRequest(parsed.mistake);
  const steps = findProfiles(key, parsed.pairs);
  for (;;) {
    const step = steps.next();
    if (step.done) {
      const { matches, undecided = null } = step.value;
      return { matches, lines: matches.map(catalogueLine), undecided };
    }
    // Lets webhooks and the page continue meanwhile.
    await setImmediate();
  }
}
