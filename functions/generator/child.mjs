/** The child process of one program. It gets the program in its first message and an input in each later one. */
import { compile, runTwice } from './run.mjs';

let module;

process.on('message', ({ program, input }) => {
  if (input) return process.send(runTwice(module, input));
  try {
    module = compile(program);
    process.send({ output: 'ready' });
  } catch (error) {
    process.send({ fault: `it is not a valid module: ${error.message}` });
  }
});
process.on('disconnect', () => process.exit());
