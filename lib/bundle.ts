/** One way to build a Lambda, for the stack, for `npm start` and for the benchmarks: what is tried is what is deployed. */
import { rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { settled } from './inline-catalogue.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The file a seller edits; `KEYPOST_CONFIG` names another. */
export const catalogueFile = (named: string | undefined): string =>
  resolve(named ?? join(root, 'keypost.config.ts'));

/** The Lambdas, by the name of their file in `functions`. */
export type LambdaName = 'webhook' | 'redeliver' | 'mail-events' | 'reconcile';

/** Builds `functions/NAME.ts` with its catalogue into a folder of its own, and answers the folder: `index.mjs` in it. */
export async function bundleLambda(
  name: LambdaName,
  catalogue: string,
  to = join(root, '.bundles'),
): Promise<string> {
  const folder = join(to, name);
  // Parts are named by their contents, so those of another day would stay.
  rmSync(folder, { recursive: true, force: true });
  await build({
    ...bundling(catalogue),
    entryPoints: { index: join(root, 'functions', `${name}.ts`) },
    outdir: folder,
  });
  return folder;
}

/** Builds all of them, and answers the folder of each. */
export async function bundleLambdas(catalogue: string): Promise<Readonly<Record<LambdaName, string>>> {
  const [webhook, redeliver, mailEvents, reconcile] = await Promise.all([
    bundleLambda('webhook', catalogue),
    bundleLambda('redeliver', catalogue),
    bundleLambda('mail-events', catalogue),
    bundleLambda('reconcile', catalogue),
  ]);
  return { webhook, redeliver, 'mail-events': mailEvents, reconcile };
}

/** The options every bundle shares. */
export function bundling(catalogue: string): BuildOptions {
  return {
    bundle: true,
    minify: true,
    format: 'esm',
    // What is imported later, or as a part of the SDK never, is no part of the file that each cold start reads.
    splitting: true,
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    logLevel: 'error',
    // The bundle asks a built-in module for what the Node that builds it has not got: see `builtins`.
    logOverride: { 'import-is-undefined': 'error' },
    alias: {
      keypost: join(root, 'functions/core/catalogue/catalogue.ts'),
      // Lambda and `npm start` have their credentials in the environment; the chain behind the default costs 20 ms of load.
      '@aws-sdk/credential-provider-node': join(root, 'functions/aws/credentials.ts'),
    },
    plugins: [settled(catalogue), builtins, unattached],
  };
}

/**
 * Built-in modules through `process.getBuiltinModule`: an ESM import of `node:http` touches every getter of its
 * facade and so loads undici, 45 ms of each cold start (nodejs/node#59686). Each name by itself, so that what nobody
 * asks for is left out: to copy all of them for each importer costs 5 ms. `require` and `import()` want the whole.
 */
const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    const names = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
    onResolve({ filter: /^[a-z_:/0-9]+$/ }, ({ path, kind }) => {
      const namespace = kind === 'import-statement' ? 'builtin' : 'whole-builtin';
      return names.has(path) ? { path, namespace, sideEffects: false } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => {
      const exported = Object.keys(process.getBuiltinModule(path) ?? {}).filter((name) => name !== 'default');
      const each = exported.map(
        (name) => `export const ${name} = /* @__PURE__ */ (() => builtin.${name})();`,
      );
      return { contents: [`const builtin = ${whole(path)};`, 'export default builtin;', ...each].join('\n') };
    });
    onLoad({ filter: /.*/, namespace: 'whole-builtin' }, ({ path }) => ({
      contents: `module.exports = ${whole(path)};`,
    }));
  },
};

const whole = (path: string) => `process.getBuiltinModule(${JSON.stringify(path)})`;

/** Without what nodemailer does for attachments, 50 KB: to fetch them, and to guess a type from a name. */
const unattached: Plugin = {
  name: 'unattached',
  setup({ onLoad }) {
    onLoad(
      { filter: /nodemailer[\\/]dist[\\/]esm[\\/](?:fetch[\\/]index|mime-funcs[\\/]mime-types)\.js$/ },
      () => ({
        contents:
          "const none = () => { throw new Error('a mail of ours has no attachment'); };" +
          'export { none as default, none as detectExtension, none as detectMimeType };',
      }),
    );
  },
};
