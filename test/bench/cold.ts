/**
 * A Lambda of its own, run by `sandbox.ts`: loads the bundle that its argument names, then hands it each line of
 * standard input as an event. It reads as a frozen Lambda waits: nothing else of it runs until the next event.
 * What it measured goes to file descriptor 3; what the bundle logs goes where Lambda's logs go.
 */
import { readSync, writeSync } from 'node:fs';

const say = (measured: object) => writeSync(3, `${JSON.stringify(measured)}\n`);

const before = performance.now();
const { handler }: { readonly handler: (event: unknown) => Promise<unknown> } = await import(
  process.argv[2] ?? ''
);
say({ ms: performance.now() - before });

for (let line = nextLine(); line; line = nextLine()) {
  const event: unknown = JSON.parse(line);
  const start = performance.now();
  const answer = await handler(event);
  say({ ms: performance.now() - start, answer });
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
