/** `doctor`: what is right, what is not, what cannot be told; and the cure. */
import { Command } from '@commander-js/extra-typings';
import { columns, json } from '../cli/columns.ts';
import { CommandError, explain } from '../cli/failure.ts';
import { readCatalogue, type TargetOptions, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { type Check, checksFor, type Desk, deskOf } from './checks.ts';
import { testOrder } from './test-order.ts';

interface DoctorOptions extends TargetOptions {
  readonly json?: boolean;
  readonly order: boolean;
}

interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'bad' | 'unknown';
  /** Null where all is well. */
  readonly cure: string | null;
}

export const doctor = (terminal: Terminal) =>
  withTargetOptions(new Command('doctor'))
    .description('what is not yet right for selling, and the cure')
    .option('--no-order', 'sends no test order')
    .option('--json', 'for scripts')
    .addHelpText('after', EXAMPLES)
    .action((options: DoctorOptions) => examine(terminal, options));

const EXAMPLES = `
If all else is well, a test order is signed as a provider signs it, sent to the
public address, and ends in a mail to you: for that, one provider of the
catalogue needs testOrders: 'seller'. The exit code is 0 if all is well,
otherwise 1.

Examples:
  npx --no keypost doctor                  the deployed stack
  npx --no keypost doctor --local --json   this machine, for a script`;

const WORDS = { ok: 'ok', bad: 'not ok', unknown: 'cannot tell' } as const;

async function examine(terminal: Terminal, options: DoctorOptions): Promise<void> {
  const desk = deskOf(await readCatalogue(terminal), targetFrom(options, terminal.env));
  const parts = await Promise.all(
    Object.entries(checksFor(desk)).map(([name, check]) => look(desk, name, check)),
  );
  // It would fail for what is named already.
  const taken = Object.values(desk.catalogue.providers).some(({ testOrders }) => testOrders === 'seller');
  const whole = options.order && taken && parts.every(({ state }) => state === 'ok');
  const findings = whole ? [...parts, await look(desk, 'test-order', testOrder)] : parts;
  const rows = findings.map(({ check, state, cure }, at) => {
    const again = cure !== null && cure === findings[at - 1]?.cure;
    return [WORDS[state], check, again ? 'the same' : (cure ?? '')];
  });
  terminal.print(options.json ? json(findings) : columns(rows));
  if (!taken && !options.json)
    terminal.print("With testOrders: 'seller' for a provider, doctor has a test order mailed to you.");
  const wrong = findings.filter(({ state }) => state !== 'ok').length;
  if (wrong > 0) throw new CommandError(`${wrong} of ${findings.length} are not ok`);
}

async function look(desk: Desk, name: string, check: Check): Promise<Finding> {
  try {
    const cure = await check(desk);
    return cure === undefined
      ? { check: name, state: 'ok', cure: null }
      : { check: name, state: 'bad', cure };
  } catch (error) {
    return { check: name, state: 'unknown', cure: explain(error, desk.target.local) };
  }
}
