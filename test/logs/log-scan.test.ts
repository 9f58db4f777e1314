/** The logs of the suite are kept and searched by log-setup.ts, log-tee.mjs and log-scan.ts. This test logs no match itself. */
import { execFileSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { logReports } from '../../functions/aws/reports.ts';
import { findings } from './log-scan.ts';

const cipher = createCipheriv('aes-128-ecb', '1234567890123456', null);
const serial = `${cipher.update('Zoë Lindqvist', 'utf8', 'hex')}${cipher.final('hex')}`;

test.each([
  ['a serial', 'serial', serial],
  ['a serial in capitals', 'serial', serial.toUpperCase()],
  ['a signing key', 'signing key', 'whsec_ExampleSecret0001'],
  ['an encoded signing key', 'signing key', encodeURIComponent('ex&ample"secret')],
  ['a signing key in digits', 'signing key', '1234567890123456'],
  ['an unknown secret', 'secret', 'whsec_c29tZSBzZWNyZXQ'],
  ['an address', 'address', 'zoe@example.com'],
  ['a name', 'name', 'Zoë Lindqvist'],
])('%s is found anywhere, and not repeated', (_, kind, text) => {
  const found = findings(`fine\n${JSON.stringify({ report: 'mail_sent', outcome: `x ${text} y` })}\nfine`);
  expect(found).toEqual([expect.stringContaining(`${kind}: {"report":"mail_sent","outcome":"x <`)]);
  expect(found.join()).not.toContain(text);
});

test('no report contains any of these', () => {
  const lines: string[] = [];
  const report = logReports(
    'Keypost',
    () => 0,
    (line) => lines.push(line),
  );
  report('order_recorded', { order: 'stripe#pi_3TExample000001' });
  report('line_held', { order: `held#shop#${'ab'.repeat(32)}`, reason: 'bad_body' });
  report('unanswered', { provider: 'stripe', error: 'TimeoutError' });
  expect(lines.flatMap(findings)).toEqual([]);
});

test('the output of a test and of a process that it starts is kept', () => {
  const mark = `a mark of ${process.pid}`;
  console.info(mark);
  execFileSync(process.execPath, ['-e', `console.error('${mark}, by a child')`], { stdio: 'pipe' });
  const kept = readFileSync(process.env.KEYPOST_TEST_LOG ?? '', 'utf8').split('\n');
  expect(kept).toEqual(expect.arrayContaining([mark, `${mark}, by a child`]));
});
