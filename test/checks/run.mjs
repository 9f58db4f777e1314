import { readFileSync } from 'node:fs';
import { readLicence } from '../../docs/checks/licence-check.mjs';

for (const line of readFileSync(0, 'utf8').replace(/\n$/, '').split('\n')) {
  const [product, number, key, text] = line.split('\t');
  const found = readLicence(text, { [number]: key }, Number(product));
  console.log(found ? `${Buffer.from(found.name).toString('hex')}|${found.seats}|${found.id}` : '-');
}
