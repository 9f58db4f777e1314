/** `node --import tsx test/core/order/try-mutants.ts [seed] [histories]`: fails unless each mutant breaks a rule. */
import { loadHistories } from './bundle.ts';
import { MUTANTS } from './mutants.ts';

const [seed = 1, count = 20_000] = process.argv.slice(2).map(Number);
for (const mutant of MUTANTS) {
  const { firstBroken } = await loadHistories(mutant);
  const broken = await firstBroken(seed * 1_000_000, count);
  if (!broken) process.exitCode = 1;
  const [rule] = (broken?.rule ?? '').split('\n');
  process.stdout.write(`${mutant.name}: ${broken ? `after ${broken.after}, ${rule}` : 'NOT CAUGHT'}\n`);
}
