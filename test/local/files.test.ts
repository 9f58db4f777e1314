/** Tests the log that stores local state: a kill may cut its last line, and it is longer than one read. */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { diskFiles, memoryFiles } from '../../local/files.ts';

const root = mkdtempSync(join(tmpdir(), 'keypost-files-'));
afterAll(() => rmSync(root, { recursive: true }));

const LINES = ['{"name":"Zoë"}', 'x'.repeat(700_000), 'ü'.repeat(700_000), ''];
const linesOf = (log: ReturnType<ReturnType<typeof memoryFiles>['log']>) =>
  Array.from({ length: log.count() }, (_, at) => log.line(at)?.replace(/\n$/, ''));

test.each([
  ['on disk', () => diskFiles(root)],
  ['in memory', memoryFiles],
])('a log %s returns its lines while it grows', (name, files) => {
  const log = files().log(name);
  expect([log.count(), log.line(0)]).toEqual([0, undefined]);
  for (const line of LINES) log.append(line);
  expect(linesOf(log)).toEqual(LINES);
  log.append('more');
  expect([log.line(0)?.trim(), log.line(4)?.trim(), log.line(5)]).toEqual([LINES[0], 'more', undefined]);
});

test('a line cut by a kill is dropped, and the next one is complete', () => {
  const log = diskFiles(root).log('cut');
  for (const line of LINES) log.append(line);
  appendFileSync(join(root, 'cut'), 'half a li');
  const again = diskFiles(root).log('cut');
  expect(linesOf(again)).toEqual(LINES);
  again.append('whole');
  expect(linesOf(diskFiles(root).log('cut'))).toEqual([...LINES, 'whole']);
});
