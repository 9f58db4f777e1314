/**
 * A Lambda of its own, run by `sandbox.ts`: loads the bundles that its arguments name, then passes the event in each line of
 * standard input to one of them. It blocks until the next event, as a frozen Lambda does. The measurements go to file
 * descriptor 3, and the bundles' logs where Lambda's logs go.
 */
import { readSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';

const say = (measured: object) => writeSync(3, `${JSON.stringify(measured)}\n`);

interface Bundle {
  readonly handler: (event: unknown, context: object) => Promise<unknown>;
}
/** The part of Lambda's context that the handlers read. */
const CONTEXT = { getRemainingTimeInMillis: () => 10_000 };
const require = createRequire(import.meta.url);

const bundles: Bundle[] = [];
const before = performance.now();
for (const bundle of process.argv.slice(2)) {
  // Loads the file in the same way as Lambda.
  bundles.push(bundle.endsWith('.cjs') ? require(bundle) : await import(bundle));
}
say({ ms: performance.now() - before });

for (let line = nextLine(); line; line = nextLine()) {
  const { at, event }: { at: number; event: unknown } = JSON.parse(line);
  const [start, used] = [performance.now(), process.cpuUsage()];
  const answer = await bundles[at]?.handler(event, CONTEXT);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(used);
  say({ ms, cpuMs: (user + system) / 1_000, answer });
}
process.exit(0);

function nextLine(): string {
  const chunk = Buffer.alloc(65_536);
  let text = '';
  while (!text.endsWith('\n')) {
    const length = readSync(0, chunk);
    if (length === 0) return '';
    text += chunk.toString('utf8', 0, length);
  }
  return text;
}
