/**
 * Runs one mutated program after the other, with the functions of functions/generator/child.mjs. V8 ends a run without
 * an end here, except in a call such as `table.grow`, because each new process takes far longer than a run.
 */
import { Script } from 'node:vm';
import { compile, runTwice } from '../../functions/generator/run.mjs';

const RUN_MS = 100;
const call = new Script('run()');

process.on('message', ({ program, inputs }) => process.send(outputsOf(program, inputs)));
process.on('disconnect', () => process.exit());

function outputsOf(program, inputs) {
  const module = compile(program);
  return inputs.map((input) => {
    globalThis.run = () => runTwice(module, input);
    try {
      return call.runInThisContext({ timeout: RUN_MS });
    } catch {
      return { fault: 'no end' };
    }
  });
}
