/** `npm run prove`: the heavy checks, at most 20 minutes on two idle cores. A later issue adds its check as a row. */
import { spawnSync } from 'node:child_process';

const node = (...args: readonly string[]) => ['--import', 'tsx', ...args];
const vitest = (...args: readonly string[]) => ['node_modules/vitest/vitest.mjs', 'run', ...args];

const CHECKS: readonly [name: string, args: readonly string[], env?: Readonly<Record<string, string>>][] = [
  ['simulation of 1,000,000 orders', node('test/simulation/run.ts', '--orders', '1000000', '--seed', '2')],
  ['a month in a shop', node('test/simulation/run.ts', '--month', '--seed', '2')],
  ['simulation over HTTP', node('test/simulation/run.ts', '--http', '--orders', '1000', '--seed', '2')],
  [
    'order model: 200,000 histories',
    vitest('test/core/order/model.test.ts'),
    { HISTORIES: '200000', SEED: '2' },
  ],
  [
    'fuzzing with new seeds',
    vitest('test/core/fuzz.test.ts', '--testTimeout=600000'),
    { KEYPOST_FUZZ_RUNS: '2000' },
  ],
  ['restore of 10,000 items', vitest('test/bin/restore.test.ts', '--testTimeout=600000'), { PROVE: '1' }],
  [
    'every pair of faults, every vector in openssl, larger backlogs, more kills',
    vitest(
      'test/core/faults.test.ts',
      'test/core/mail/redeliver.test.ts',
      'test/verifiers',
      'test/local/kill.test.ts',
      'test/providers/simulate.test.ts',
      '--testTimeout=600000',
    ),
    { PROVE: '1' },
  ],
  ['lost notifications at twelve providers', vitest('test/providers/reconcile.test.ts'), { PROVE: '1' }],
  [
    '100,000 mutated order mails',
    vitest('test/providers/order-mail-mutants.test.ts'),
    { KEYPOST_MUTANT_MAILS: '100000' },
  ],
  [
    'generators: 100,000 mutated modules, 10,000 names',
    vitest('test/generator', '--testTimeout=600000'),
    { KEYPOST_MUTANT_MODULES: '100000', KEYPOST_GENERATOR_NAMES: '10000' },
  ],
];

for (const [name, args, env] of CHECKS) {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, [...args], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`\n${status === 0 ? 'passed' : 'FAILED'}: ${name}, ${seconds} s\n`);
  if (status !== 0) process.exitCode = 1;
}
