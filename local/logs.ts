/** The output of the Lambdas, shortened for a terminal; on AWS it goes to CloudWatch. */
import * as z from 'zod/mini';

const Line = z.looseObject({ report: z.string() });

/** Prints the reports of the Lambdas as short lines and leaves all other output unchanged. */
export function plainLogs(): void {
  const write = console.log;
  console.log = (...args: unknown[]) => {
    const line = parseReport(args[0]);
    if (!line) return write(...args);
    const { report, _aws, ...details } = line;
    // Gauges come every minute, and the page shows the same numbers.
    if (report === 'gauges') return;
    const words = Object.entries(details).flatMap(([name, value]) =>
      /^[A-Z]/.test(name) ? [] : `${name}=${value}`,
    );
    write(new Date().toTimeString().slice(0, 8), report, ...words);
  };
}

function parseReport(text: unknown) {
  if (typeof text !== 'string' || !text.startsWith('{"report":')) return undefined;
  return Line.safeParse(JSON.parse(text)).data;
}
