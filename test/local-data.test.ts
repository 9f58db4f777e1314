/** The files in DATA_DIR after one is damaged. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { embeddedAws } from '../local/aws.ts';
import { diskFiles } from '../local/files.ts';
import { StartError } from '../local/settings.ts';

const root = mkdtempSync(join(tmpdir(), 'keypost-data-'));
afterAll(() => rmSync(root, { recursive: true }));

const OWN = { sender: 'me@widgets.example.com', configurationSet: 'keypost' };

describe('a damaged file is named, its fix is stated, its content is not quoted', () => {
  test.each([
    ['secrets.json', '{"product-keys":{"value":"CONTENT'],
    ['secrets.json', 'CONTENT'],
    ['secrets.json', '{"CONTENT":{"value":7}}'],
    ['secrets.json', ''],
    ['faults.json', '{"ses":"CONTENT"}'],
    ['faults.json', '[CONTENT'],
    ['ses.json', '{"CONTENT":1}'],
    ['ses.json', 'CONTENT'],
    ['mails.jsonl', '\n{"to":["CONTENT@example.com"]\n', 'line 2 of '],
    ['mails.jsonl', '{"to":["CONTENT@example.com"]}\n', 'line 1 of '],
  ])('%s: %j', (name, text, line = '') => {
    const dataDir = mkdtempSync(join(root, 'damaged-'));
    writeFileSync(join(dataDir, name), text);
    const start = () => embeddedAws(dataDir, diskFiles(dataDir), OWN);
    const fix = 'Stop Keypost; restore it from a copy, or delete it to start without what it held.';
    const path = join(dataDir, name);
    expect(start).toThrow(
      new StartError(`${line}${path} is damaged: expected the JSON that Keypost wrote. ${fix}`),
    );
    expect(readFileSync(path, 'utf8')).toBe(text);
  });
});
