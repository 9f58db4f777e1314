// Prints the result of docs/verifiers/serial-check.mjs for each line of input: whether the serial is valid, and which one it makes.
import { readFileSync } from 'node:fs';
import { isValid, serialFor } from '../../docs/verifiers/serial-check.mjs';

if (!isValid('Jane Q. Sample', 'B05F5DA78463537B5F9A76CF01B76E01')) process.exit(2);
for (const line of readFileSync(0, 'utf8').trimEnd().split('\n')) {
  const { profile, key, name, serial } = JSON.parse(line);
  console.log(`${isValid(name, serial, profile, key) ? 1 : 0}\t${serialFor(name, profile, key)}`);
}
