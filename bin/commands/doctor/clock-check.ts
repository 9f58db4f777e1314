/** Whether this machine knows what time it is: AWS and our own webhook refuse what was signed at another. */
import type { Check } from './checks.ts';

const MOST_MS = 60_000;
const WAIT_MS = 10_000;

export const clock: Check = async ({ target, catalogue, names }) => {
  const { webhook } = await names();
  const [url] = Object.keys(catalogue.providers).flatMap((name) => webhook(name) ?? []);
  if (!url) throw new Error('the stack has no address whose answer would tell the time');
  const before = Date.now();
  const answer = await fetch(url, { signal: AbortSignal.timeout(WAIT_MS) });
  // The header has whole seconds, and was written somewhere between the question and the answer.
  const theirs = Date.parse(answer.headers.get('date') ?? '');
  if (Number.isNaN(theirs)) throw new Error(`${url} does not say what time it is`);
  const off =
    Date.now() < theirs ? theirs - Date.now() : before > theirs + 1_000 ? before - theirs - 1_000 : 0;
  const side = theirs > before ? 'behind' : 'ahead of';
  return off <= MOST_MS
    ? undefined
    : `the clock of this machine is ${Math.round(off / 1_000)} s ${side} that of ${target.local ? 'Keypost' : 'AWS'}; let it set itself by the network`;
};
