/** A program in the catalogue's file, the bundles and the stack; without one, nothing of it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { build } from 'esbuild';
import { afterAll, describe, expect, it, test } from 'vitest';
import type { Catalogue } from '../../functions/core/catalogue/catalogue.ts';
import { bundleLambda, bundling } from '../../lib/build/bundle.ts';
import { valuesOf } from '../../lib/build/inline-catalogue.ts';
import { loadCatalogue } from '../../lib/build/load-catalogue.ts';
import { KeypostStack } from '../../lib/keypost-stack.ts';
import { catalogueWith, seller } from '../fixtures/catalogue.ts';
import { inputFor } from './programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'keypost-generator-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FILE = resolve('test/fixtures/generators/moody.wasm');
const VECTORS = [
  { name: 'Jane Q. Sample', serial: 'M-14-OK' },
  { name: 'Joe', serial: 'M-3-OK' },
];
const productsWith = (serial: object) => ({ moody: { name: 'Moody', serial, skus: { shop: ['m'] } } });
const program = { kind: 'program', file: FILE, vectors: VECTORS } as const;
const PROGRAM = catalogueWith({
  providers: { shop: {} },
  products: { moody: { name: 'Moody', serial: program, skus: { shop: ['m'] } } },
});
const PLAIN = catalogueWith();

describe('the catalogue', () => {
  let files = 0;
  async function loaded(serial: object) {
    files += 1;
    const file = join(folder, `catalogue-${files}.ts`);
    writeFileSync(
      file,
      `export default ${JSON.stringify({ seller, providers: { shop: {} }, products: productsWith(serial) })}`,
    );
    return await loadCatalogue(file);
  }

  it('has the absolute path of its program', async () => {
    const { products } = await loaded(program);
    expect(products.moody?.serial).toMatchObject({ kind: 'program', file: FILE });
  });

  test.each<[string, object, RegExp]>([
    [
      'a missing file',
      { file: './none.wasm' },
      /^products\.moody\.serial: \.\/none\.wasm: found no such file; write/,
    ],
    ['one vector', { vectors: VECTORS.slice(1) }, /vectors: .*at least two vectors/],
    [
      'a wrong vector',
      { vectors: [VECTORS[0], { name: 'Joe', serial: 'M-4-OK' }] },
      /vectors\[1\]: found another/,
    ],
    [
      'a module that may not run',
      { file: resolve('test/fixtures/generators/hostile/nomax.wasm') },
      /memory without a maximum/,
    ],
  ])('is refused with %s', async (_, change, message) => {
    await expect(loaded({ ...program, ...change })).rejects.toThrow(message);
  });
});

const LAMBDAS = ['webhook', 'redeliver', 'reconcile', 'operator'];

/** Builds the Lambdas at once. Returns the sources that each can load, and the text of all. */
async function bundled(catalogue: Catalogue) {
  const { metafile, outputFiles } = await build({
    ...bundling(catalogue),
    ...{ entryPoints: LAMBDAS.map((name) => `functions/${name}.ts`) },
    ...{ outdir: folder, write: false, metafile: true },
  });
  const { outputs } = metafile;
  const inputsOf = (name: string) => {
    const files = Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === `functions/${name}.ts`);
    for (const file of files)
      files.push(...(outputs[file]?.imports ?? []).flatMap(({ path }) => (files.includes(path) ? [] : path)));
    return files.flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}));
  };
  return { inputsOf, text: outputFiles.map(({ text }) => text).join() };
}
const [plain, withProgram] = [await bundled(PLAIN), await bundled(PROGRAM)];

test.each(LAMBDAS)('the bundle of %s has the Lambda client only if the catalogue has a program', (name) => {
  const isClient = (path: string) => path.includes('client-lambda') || path.includes('functions/generator');
  expect(plain.inputsOf(name)).toContain(`functions/${name}.ts`);
  expect(plain.inputsOf(name).filter(isClient)).toEqual([]);
  const inputs = withProgram.inputsOf(name);
  expect(inputs.some(isClient)).toBe(true);
  expect(inputs.filter((path) => path.includes('functions/generator/'))).toEqual([]);
});

it('the bundles have neither the path nor the vectors of a program', () => {
  const { text } = withProgram;
  expect(text.includes('moody.wasm') || text.includes('M-14-OK')).toBe(false);
});

it('another program in the same file is another catalogue, under which held orders are judged again', () => {
  const file = join(folder, 'program.wasm');
  const values = (bytes: string) => {
    writeFileSync(file, bytes);
    const moody = { name: 'Moody', serial: { ...program, file }, skus: { shop: ['m'] } };
    return valuesOf(catalogueWith({ providers: { shop: {} }, products: { moody } }));
  };
  expect(values('the program')).toBe(values('the program'));
  expect(values('the program')).not.toBe(values('the corrected program'));
});

it('the Lambda `generate` makes the serial from its bundle', async () => {
  const to = await bundleLambda('generate', PROGRAM, folder);
  const { handler } = await import(pathToFileURL(join(to, 'index.mjs')).href);
  const run = (product: string, name: string) =>
    handler({ product, input: inputFor(name).toString('base64') });
  expect(await run('moody', 'Joe')).toEqual({ output: 'M-3-OK\n' });
  expect(await run('moody', 'Exit')).toEqual({ fault: 'it ends with exit code 1' });
  expect(await run('other', 'Joe')).toEqual({ fault: expect.stringContaining('not deployed') });
});

describe('the stack', () => {
  const bundle = 'test/fixtures/ed25519';
  const templateOf = (catalogue: Catalogue, generate?: string) => {
    const app = new App({
      context: { 'aws:cdk:bundling-stacks': [] },
      builtinCloudFormationValidation: false,
    });
    const bundles = {
      webhook: bundle,
      redeliver: bundle,
      'mail-events': bundle,
      reconcile: bundle,
      operator: bundle,
      generate,
    };
    return Template.fromStack(new KeypostStack(app, 'Keypost', { catalogue, bundles })).toJSON();
  };

  it('has no trace of a generator without a program', () => {
    expect(JSON.stringify(templateOf(PLAIN))).not.toMatch(/generate(?!secret|string)/i);
  });

  it('gives the Lambda `generate` no permission and no setting, and its callers one permission', () => {
    const { Resources, Outputs } = templateOf(PROGRAM, bundle);
    const entries = Object.entries<{ Type: string; Properties: Record<string, unknown> }>(Resources);
    const [[id, generate] = ['', undefined]] = entries.filter(([name]) => /^Generate[0-9A-F]+$/.test(name));
    expect(generate?.Properties).toMatchObject({ MemorySize: 256, Timeout: 3 });
    expect(generate?.Properties.Environment).toBeUndefined();
    const role = entries.find(([name]) => name.startsWith('GenerateRole'));
    expect(Object.keys(role?.[1].Properties ?? {})).toEqual(['AssumeRolePolicyDocument']);
    const policies = entries.filter(([, { Type }]) => Type === 'AWS::IAM::Policy');
    expect(JSON.stringify(policies)).not.toContain(`"${role?.[0]}"`);
    const callers = policies.filter(([, { Properties }]) =>
      JSON.stringify(Properties).includes('lambda:InvokeFunction'),
    );
    // The operator reissues and releases, so it makes serials too.
    expect(callers.map(([name]) => name.replace(/(?:Role)?(?:Default)?Policy.*/, '')).sort()).toEqual([
      'Operator',
      'Reconcile',
      'Redeliver',
      'Webhook',
    ]);
    expect(JSON.stringify(callers)).toContain(`"Fn::GetAtt":["${id}","Arn"]`);
    expect(Outputs.GenerateFunction.Value).toEqual({ Ref: id });
    expect(JSON.stringify(entries.filter(([name]) => name.startsWith('WorkerErrors')))).toContain(id);
  });
});
