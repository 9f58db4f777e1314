/** Loaded by every Node process that a test starts: what it writes for people is kept as well. */
import { appendFileSync } from 'node:fs';

const file = process.env.KEYPOST_TEST_LOG;
// What the command line and the checks of serials print is what a person has asked for; what they complain is not.
const streams = /keypost\.ts$|verifiers/.test(process.argv[1] ?? '') ? ['stderr'] : ['stdout', 'stderr'];
for (const name of file ? streams : []) {
  const stream = process[name];
  const write = stream.write;
  stream.write = function (chunk, ...rest) {
    appendFileSync(file, chunk);
    return write.call(this, chunk, ...rest);
  };
}
