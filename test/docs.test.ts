/** The documents are complete, and everything that they name exists. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { run } from '../bin/commands/cli/program.ts';
import { Settings } from '../functions/core/catalogue/schema.ts';
import { HELD_REASONS, REQUEST_REASONS } from '../functions/core/inbound/event.ts';
import { HINTS } from '../functions/core/inbound/hints.ts';
import { providers } from '../functions/providers/index.ts';
import { loadCatalogue } from '../lib/build/load-catalogue.ts';
import { KeypostStack } from '../lib/keypost-stack.ts';
import { testEach } from './fixtures/in-words.ts';

const read = (file: string) => readFileSync(file, 'utf8');
const ofKind = (kind: string, folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(kind))
    .map((name) => join(folder, name));

const documents = [...readdirSync('.').filter((name) => name.endsWith('.md')), ...ofKind('.md', 'docs')];
const outsideCode = (text: string) => text.replace(/^ *```[\s\S]*?^ *```$/gm, '');
/** Returns the anchors that GitHub makes. */
const anchorsOf = (text: string) =>
  [...outsideCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );

const AWS_PAGES = { domain: 'aws', codes: true, corrections: true } as const;

test('docs/how-it-works.md shows the four steps of fulfil.ts unchanged', () => {
  const [, shown] =
    /^## The four steps\n[\s\S]*?```ts\n([\s\S]*?)```/m.exec(read('docs/how-it-works.md')) ?? [];
  const [fulfil] =
    /^export async function\* fulfil\([\s\S]*?\n}\n/m.exec(read('functions/core/fulfil.ts')) ?? [];
  expect(fulfil).toContain('world.record');
  expect(shown).toBe(fulfil);
});

describe.each(documents)('%s', (file) => {
  const text = read(file);

  test('has no broken link', () => {
    const links = [...outsideCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const broken = links.filter((target) => {
      if (/^https:\/\//.test(target)) return false;
      const [path = '', anchor] = target.split('#');
      const to = path === '' ? file : join(dirname(file), path);
      return !existsSync(to) || (anchor !== undefined && !anchorsOf(read(to)).includes(anchor));
    });
    expect(broken).toEqual([]);
  });

  test('runs no package of the name keypost that a stranger could publish', () => {
    expect(text).not.toMatch(/npx (?:--\S+ )?keypost\b/);
  });

  test('names no path of a developer’s machine', () => {
    expect(text).not.toMatch(/(?<![\w.:/-])\/(?:work|root|home|Users|tmp|mnt|opt)\//);
  });

  test('has no exclamation marks and no open tasks', () => {
    expect(outsideCode(text)).not.toMatch(/\w!(?:\s|$)|\b(?:TODO|FIXME)\b/);
  });

  test('avoids words that make a sentence hard to read', () => {
    // Tables and quotations may contain measured results and names of tests.
    const prose = outsideCode(text).replace(/^\|.*$|"[^"\n]*"|`[^`\n]*`/gm, '');
    expect(prose).not.toMatch(/\b(?:nobody|whoever|for ever|hears|is told|would do)\b/i);
  });
});

describe('commands in the documents', () => {
  const named = documents.flatMap((file) =>
    [...read(file).matchAll(/npm run keypost --((?: +(?:'[^'\n]*'|[^\s`'()|>#\n]+))+)/g)].map(
      ([, words = '']) => ({
        file,
        words: words.match(/'[^']*'|\S+/g) ?? [],
      }),
    ),
  );

  test('are found', () => expect(named.length).toBeGreaterThan(20));

  testEach(
    named.map(
      ({ file, words }) => [words.filter((word) => !word.startsWith("'")).join(' '), file, words] as const,
    ),
  )('`$0` in $1 exists and has these options', async (_command, _file, words) => {
    const { verbs, help } = await helpFor(words);
    const rest = words.slice(verbs.length);
    expect(verbs).not.toEqual([]);
    for (const option of rest.filter((word) => word.startsWith('--'))) expect(help).toContain(`${option} `);
    const [, parameter] = /^Usage: .*? <(\w+)>/.exec(help) ?? [];
    // A command that the text only mentions has verbs and no arguments.
    if (rest.length > 0 && parameter) expect(rest[0]).not.toMatch(/^--/);
  });

  /** Returns the leading words that are verbs, and their `--help`. */
  async function helpFor(
    words: readonly string[],
    verbs: readonly string[] = [],
  ): Promise<{ verbs: readonly string[]; help: string }> {
    const help = await printed([...verbs, '--help']);
    const known = [...help.matchAll(/^ {2}([a-z-]+)(?= .* {2,}| {2,})/gm)].map(([, verb]) => verb);
    const next = words[verbs.length];
    if (!help.includes('\nCommands:')) return { verbs, help };
    expect(known, 'a verb').toContain(next);
    return next === undefined || next === 'help'
      ? { verbs: [next ?? ''], help }
      : helpFor(words, [...verbs, next]);
  }

  async function printed(args: readonly string[]): Promise<string> {
    const lines: string[] = [];
    const code = await run(args, {
      env: {},
      print: (line) => void lines.push(line),
      complain: (line) => void lines.push(line),
      readSecret: async () => '',
    });
    expect(code).toBe(0);
    return lines.join('\n');
  }
});

describe('ARCHITECTURE.md', () => {
  const text = read('ARCHITECTURE.md');
  const [, map = ''] = /^## Code map\n[\s\S]*?```\n([\s\S]*?)```/m.exec(text) ?? [];

  test('is short', () => expect(text.split('\n').length).toBeLessThan(220));

  /** Folders only: a list of files would be out of date within a week. */
  const folders = () => {
    const parents: string[] = [];
    return map
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [, indent = '', name = ''] = /^( *)(\S+\/) /.exec(line) ?? [];
        parents.length = indent.length / 2;
        parents.push(name);
        return join(...parents);
      });
  };

  test('maps only folders that exist', () => {
    expect(folders().length).toBeGreaterThan(25);
    expect(folders().filter((path) => !existsSync(path))).toEqual([]);
  });

  test('maps every folder of functions, bin, lib and local, except those of single providers', () => {
    const all = ['functions', 'bin', 'lib', 'local'].flatMap((top) =>
      readdirSync(top, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => `${join(entry.parentPath, entry.name)}/`),
    );
    const mapped = folders();
    expect(all.filter((path) => !path.startsWith('functions/providers/') && !mapped.includes(path))).toEqual(
      [],
    );
  });

  test('each invariant names a test that exists', () => {
    const [, invariants = ''] = /^## Invariants\n([\s\S]*?)^## /m.exec(text) ?? [];
    const items = invariants.split(/^- /m).slice(1);
    expect(items.length).toBeGreaterThan(10);
    const tests = items.map((item) =>
      [...item.matchAll(/`(test\/[\w/-]+\.test\.ts)`/g)].map(([, file = '']) => file),
    );
    expect(tests.filter((files) => files.length === 0)).toEqual([]);
    expect(tests.flat().filter((file) => !existsSync(file))).toEqual([]);
  });
});

describe('docs/runbook.md', () => {
  const text = read('docs/runbook.md');
  const [, alarms = '', held = ''] = text.split(
    /^# (?:Alarms|Held orders, by reason|When something is gone)$/m,
  );
  const articles = new Map(
    [...`${alarms}${held}`.matchAll(/^#{2,3} (.+)\n([\s\S]*?)(?=^#|(?![\s\S]))/gm)].map(
      ([, heading = '', body = '']) => [heading, body],
    ),
  );

  test('has an article for each alarm, under the anchor that its mail names, and no other', async () => {
    const described = (await alarmDescriptions()).map(
      (words) => /What to do: docs\/runbook\.md#(\S+)$/.exec(words)?.[1],
    );
    expect(anchorsOf(alarms)).toEqual(described);
  });

  test('has an article for each reason, and no other', () => {
    expect(anchorsOf(held)).toEqual([...HELD_REASONS, ...REQUEST_REASONS]);
  });

  test.each([...articles])('%s has all four parts', (_, body) => {
    for (const part of ['What happened', 'What the buyer sees', 'What to do', 'What not to do'])
      expect(body).toContain(`**${part}.**`);
  });

  test.each([...HELD_REASONS, ...REQUEST_REASONS])(
    '%s: the article has the same fix as the list of held orders',
    (reason) => {
      const cures = (words: string) =>
        [...new Set(words.match(/--(?:name|email|product)\b|keys set|\bdoctor\b/g))].sort();
      const article = articles.get(reason) ?? '';
      expect(article).toContain('npm run keypost -- orders release KEY');
      expect(cures(article)).toEqual(expect.arrayContaining(cures(HINTS[reason])));
    },
  );

  async function alarmDescriptions(): Promise<string[]> {
    const outdir = mkdtempSync(join(tmpdir(), 'keypost-docs-'));
    const app = new App({
      outdir,
      context: { 'aws:cdk:bundling-stacks': [] },
      builtinCloudFormationValidation: false,
    });
    const catalogue = { ...(await loadCatalogue('local/demo-shop.ts')), pages: AWS_PAGES };
    const bundle = 'functions/providers/stripe/samples';
    const stack = new KeypostStack(app, 'Keypost', {
      catalogue,
      bundles: {
        webhook: bundle,
        redeliver: bundle,
        'mail-events': bundle,
        reconcile: bundle,
        operator: bundle,
        pages: bundle,
      },
    });
    const found = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm'));
    rmSync(outdir, { recursive: true });
    const Alarm = z.object({ Properties: z.object({ AlarmDescription: z.string() }) });
    return z
      .array(Alarm)
      .parse(found)
      .map(({ Properties }) => Properties.AlarmDescription);
  }
});

test('decisions are numbered and have one form', () => {
  const files = readdirSync('docs/decisions').sort();
  expect(files.map((name) => Number(name.slice(0, 4)))).toEqual(files.map((_, at) => at + 1));
  for (const [at, name] of files.entries()) {
    const text = read(join('docs/decisions', name));
    expect(text).toMatch(new RegExp(`^# ${at + 1}\\. .+\n\nStatus: `));
    expect(anchorsOf(text).slice(1)).toEqual(['context', 'decision', 'consequences']);
    expect(text.split('\n').length).toBeLessThan(60);
  }
});

test('the docs name every key of the catalogue', () => {
  const docs = [...ofKind('.md', 'docs')].map(read);
  const code = docs
    .flatMap((text) => [...text.matchAll(/```[\s\S]*?```|`[^`\n]+`|^ {4}.*$/gm)].map(([one]) => one))
    .join('\n');
  const missing = [...new Set(keysOf(Settings))].filter((key) => !new RegExp(`\\b${key}\\b`).test(code));
  expect(missing).toEqual([]);
  expect(keysOf(Settings)).toEqual(
    expect.arrayContaining(['seller', 'testOrders', 'certificate', 'padding']),
  );
});

/** The keys of all objects in a schema, by zod's own description of it. */
function keysOf(schema: unknown): readonly string[] {
  const Described = z.object({ _zod: z.object({ def: z.record(z.string(), z.unknown()) }) });
  const { def } = Described.parse(schema)._zod;
  const shape = z.record(z.string(), z.unknown()).catch({}).parse(def.shape);
  const parts = [def.innerType, def.valueType, def.element, def.in, def.out].filter(
    (part) => part !== undefined,
  );
  const options = z.array(z.unknown()).catch([]).parse(def.options);
  return [...Object.keys(shape), ...[...Object.values(shape), ...parts, ...options].flatMap(keysOf)];
}

test('every provider has a page', () => {
  const names = Object.keys(providers);
  expect(names.filter((name) => !existsSync(`docs/providers/${name}.md`))).toEqual([]);
});

test('README is short', () => expect(read('README.md').split('\n').length).toBeLessThanOrEqual(150));

test('docs/llms.txt lists every page of docs', () => {
  const listed = [...read('docs/llms.txt').matchAll(/\]\(([^)]+)\)/g)].map(([, path = '']) => path);
  const pages = ofKind('.md', 'docs').map((path) => path.slice('docs/'.length));
  expect(listed.filter((path) => path.startsWith('../') || !pages.includes(path))).toEqual([
    '../ARCHITECTURE.md',
    '../CHANGELOG.md',
  ]);
  expect(pages.filter((path) => !/^(?:decisions|README)/.test(path) && !listed.includes(path))).toEqual([]);
});

test('CI pins its actions to commits and has read permission only', () => {
  const workflow = read('.github/workflows/check.yml');
  const used = [...workflow.matchAll(/uses: (\S+)/g)].map(([, action = '']) => action);
  expect(used).not.toEqual([]);
  expect(used.filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
  expect(workflow).toMatch(/^permissions:\n {2}contents: read\n\S/m);
});

test('the runbook lists the reports that raise the alarm Needs a look', () => {
  const [, article = ''] =
    /^## Needs a look$([\s\S]*?)^\*\*What the buyer/m.exec(read('docs/runbook.md')) ?? [];
  const listed = [...article.matchAll(/^- `(\w+)`/gm)].map(([, name]) => name);
  const source = read('functions/aws/reports.ts');
  const raising = [...source.matchAll(/(\w+): \{ NeedsALook: 1 \}/g)].map(([, name]) => name);
  expect(listed.sort()).toEqual(raising.sort());
});
