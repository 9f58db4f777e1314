/** Loaded by every Node process that a test starts: what it writes for people is kept as well. */
import { appendFileSync } from 'node:fs';

const file = process.env.KEYPOST_TEST_LOG;
// The output of the command line and of the serial checks is what a person asked for; their error output is not.
const streams = /keypost\.ts$|verifiers/.test(process.argv[1] ?? '') ? ['stderr'] : ['stdout', 'stderr'];
for (const name of file ? streams : []) {
  const stream = process[name];
  const write = stream.write;
  stream.write = function (chunk, ...rest) {
    appendFileSync(file, chunk);
    return write.call(this, chunk, ...rest);
  };
}
