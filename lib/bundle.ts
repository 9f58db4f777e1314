/** One way to build a Lambda, for the stack, for `npm start` and for the benchmarks: what is tried is what is deployed. */
import { mkdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The file a seller edits; `KEYPOST_CONFIG` names another. */
export const catalogueFile = (named: string | undefined): string =>
  resolve(named ?? join(root, 'keypost.config.ts'));

/** Lambdas, by the name of their file in `functions`. */
export type LambdaName = 'webhook' | 'redeliver';

/** Builds `functions/NAME.ts` with its catalogue into a folder of its own, and answers the folder: `index.mjs` in it. */
export async function bundleLambda(
  name: LambdaName,
  catalogue: string,
  to = join(root, '.bundles'),
): Promise<string> {
  const folder = join(to, name);
  mkdirSync(folder, { recursive: true });
  await build({
    ...bundling(catalogue),
    entryPoints: [join(root, 'functions', `${name}.ts`)],
    outfile: join(folder, 'index.mjs'),
  });
  return folder;
}

/** The options every bundle shares. */
export function bundling(catalogue: string): BuildOptions {
  return {
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    logLevel: 'error',
    alias: {
      '#catalogue': catalogue,
      keypost: join(root, 'functions/core/catalogue.ts'),
      // Lambda and `npm start` have their credentials in the environment; the chain behind the default costs 20 ms of load.
      '@aws-sdk/credential-provider-node': join(root, 'functions/aws/credentials.ts'),
    },
    plugins: [builtins],
  };
}

/**
 * Built-in modules through `process.getBuiltinModule`: an ESM import of `node:http` touches every getter of its
 * facade and so loads undici, 45 ms of each cold start (nodejs/node#59686).
 */
const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    const names = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
    onResolve({ filter: /^[a-z_:/0-9]+$/ }, ({ path }) =>
      names.has(path) ? { path, namespace: 'builtin' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};
