/** docs/security.md is accurate: the tests it names exist, the permissions are those of the template, the packages those of the bundles. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { Template } from 'aws-cdk-lib/assertions';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { bundling } from '../lib/build/bundle.ts';
import demo from '../local/demo-shop.ts';
import { stackOf } from './lib/stack-of.ts';

const text = readFileSync('docs/security.md', 'utf8');
const section = (title: string) =>
  new RegExp(`^## ${title}\\n([\\s\\S]*?)(?=^## |(?![\\s\\S]))`, 'm').exec(text)?.[1] ?? '';
/** Returns the rows of the section's table as cells without backquotes. */
const rows = (title: string) =>
  section(title)
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.replaceAll('`', '').trim()),
    );

test('each threat names tests that exist', () => {
  const threats = section('Threats').split(/^### /m).slice(1);
  expect(threats.length).toBeGreaterThanOrEqual(11);
  for (const threat of threats) {
    const named = [...threat.matchAll(/`((?:test|bin)\/[\w./-]+\.ts)` ((?:"[^"]+"(?:, )?)+)/g)];
    expect(named.length, threat.split('\n')[0]).toBeGreaterThan(0);
    for (const [, file = '', titles = ''] of named) {
      const source = existsSync(file) ? readFileSync(file, 'utf8') : '';
      // A row's name may begin with variables of the table.
      for (const [, title = ''] of titles.matchAll(/"([^"]+)"/g))
        expect(
          [`'${title}'`, ` ${title}'`, ` ${title}\``].some((found) => source.includes(found)),
          `${file}: ${title}`,
        ).toBe(true);
    }
  }
});

const many = z.union([z.array(z.unknown()), z.unknown().transform((one) => [one])]);
const Statement = z.object({
  Effect: z.literal('Allow'),
  Action: many,
  Resource: many,
  Principal: z.object({ Service: z.string() }).optional(),
});
const Policy = z.object({ PolicyDocument: z.object({ Statement: z.array(z.unknown()) }) });
const Permission = z.object({ Action: z.string(), FunctionName: z.unknown(), Principal: z.string() });

/** Returns a resource's name in the document: its logical id without the hash, or the end of its ARN. */
function nameOf(resource: unknown): string {
  const whole = (part: unknown): string => {
    if (typeof part === 'string') return part;
    const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': joined } = Reference.parse(part);
    if (joined) return joined[1].map(whole).join('');
    const id = Ref ?? attribute?.[0] ?? '';
    return id.startsWith('AWS::') ? '' : id.replace(/[0-9A-F]{8}$/, '');
  };
  return whole(resource).replace(/^arn:+(\w+):+/, '$1:');
}
const Reference = z.object({
  Ref: z.string().optional(),
  'Fn::GetAtt': z.tuple([z.string(), z.string()]).optional(),
  'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]).optional(),
});

test('the document explains each permission of the stack, and no other', () => {
  const { stack, folder } = stackOf();
  const template = Template.fromStack(stack);
  rmSync(folder, { recursive: true });
  const statements = (type: string) =>
    Object.entries(template.findResources(type)).flatMap(([id, { Properties }]) =>
      Policy.parse(Properties).PolicyDocument.Statement.flatMap((one) => {
        // A Deny grants nothing: the topics refuse requests without TLS.
        if (z.object({ Effect: z.literal('Deny') }).safeParse(one).success) return [];
        const { Action, Resource, Principal } = Statement.parse(one);
        const who = Principal?.Service ?? id.replace(/Role.*$|[0-9A-F]{8}$/, '');
        return Action.flatMap((action) => Resource.map((on) => `${who} ${action} ${nameOf(on)}`));
      }),
    );
  const invoked = Object.values(template.findResources('AWS::Lambda::Permission')).map(({ Properties }) => {
    const { Action, FunctionName, Principal } = Permission.parse(Properties);
    return `${Principal} ${Action} ${nameOf(FunctionName)}`;
  });
  const allowed = [
    ...statements('AWS::IAM::Policy'),
    ...['AWS::SNS::TopicPolicy', 'AWS::SQS::QueuePolicy', 'AWS::IAM::ManagedPolicy'].flatMap(statements),
    ...invoked,
  ];
  const listOf = (cell = '') => cell.split(', ');
  const explained = rows('IAM').flatMap(([whos, actions, resources, why = '']) => {
    expect(why.length, `${whos} ${actions}`).toBeGreaterThan(8);
    return listOf(whos).flatMap((who) =>
      listOf(actions).flatMap((action) =>
        listOf(resources).map((on) => `${who} ${action} ${on.replace('(who)', who)}`),
      ),
    );
  });
  expect(explained.sort()).toEqual([...new Set(allowed)].sort());
});

test('the document lists each package of the bundles, with its version and licence', async () => {
  const names = ['webhook', 'redeliver', 'mail-events', 'reconcile', 'operator'].filter((name) =>
    existsSync(`functions/${name}.ts`),
  );
  const { metafile } = await build({
    ...bundling(demo),
    entryPoints: names.map((name) => `functions/${name}.ts`),
    outdir: 'out',
    write: false,
    metafile: true,
  });
  const carried = new Set(
    Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) =>
        bytesInOutput > 0 ? (/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []) : [],
      ),
    ),
  );
  const Package = z.object({
    version: z.string(),
    license: z.string(),
    dependencies: z.record(z.string(), z.string()),
  });
  const manifest = (path: string) => Package.partial().parse(JSON.parse(readFileSync(path, 'utf8')));
  const direct = Object.keys(manifest('package.json').dependencies ?? {}).filter((name) => carried.has(name));
  const listed = rows('Packages').map(([name, version, licence]) => [name, version, licence]);
  expect(listed).toEqual(
    direct.map((name) => {
      const { version, license } = manifest(`node_modules/${name}/package.json`);
      return [name, version, license];
    }),
  );
});

test('each item of the ASVS has a state and a reason', () => {
  const items = rows('OWASP ASVS 5.0');
  expect(items.length).toBeGreaterThan(25);
  expect(items.map(([number]) => number)).toEqual([...new Set(items.map(([number]) => number))]);
  for (const [number, , state, how = ''] of items) {
    expect(number).toMatch(/^V\d{1,2}\.\d{1,2}\.\d{1,2}$/);
    expect(['met', 'partly', 'not met', 'does not apply']).toContain(state);
    expect(how.length, number).toBeGreaterThan(2);
  }
});
