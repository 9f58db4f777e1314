/** What a Lambda logs goes to CloudWatch; here it goes to a terminal, for people. */
import * as z from 'zod/mini';

const Line = z.looseObject({ report: z.string() });

/** Shows the reports of the Lambdas as short lines, and leaves all other output as it is. */
export function plainLogs(): void {
  const write = console.log;
  console.log = (...said: unknown[]) => {
    const line = reportIn(said[0]);
    if (!line) return write(...said);
    const { report, _aws, ...details } = line;
    // Gauges come each minute, and the page shows what they count.
    if (report === 'gauges') return;
    const words = Object.entries(details).flatMap(([name, value]) =>
      /^[A-Z]/.test(name) ? [] : `${name}=${value}`,
    );
    write(new Date().toTimeString().slice(0, 8), report, ...words);
  };
}

function reportIn(said: unknown) {
  if (typeof said !== 'string' || !said.startsWith('{"report":')) return undefined;
  return Line.safeParse(JSON.parse(said)).data;
}
