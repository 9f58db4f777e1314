/** The one way to build a Lambda: the stack, `npm start` and the benchmarks run what is deployed. */
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildOptions, Plugin } from 'esbuild';
import { type Catalogue, hasMailStore } from '../../functions/core/catalogue/catalogue.ts';
import { builtins } from './builtins.mjs';
import { inlineCatalogue, programsOf } from './inline-catalogue.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Sources in a clone, compiled in the package. */
const source = (path: string) => join(root, `${path}${import.meta.url.slice(-3)}`);

/** The folder of each Lambda. */
export interface Bundles {
  readonly webhook: string;
  readonly redeliver: string;
  readonly 'mail-events': string;
  readonly reconcile: string;
  readonly operator: string;
  /** Exists only if the catalogue enables a mail store. */
  readonly 'order-mail'?: string | undefined;
  /** Exists only if the catalogue enables the buyers' pages. */
  readonly pages?: string | undefined;
  /** Exists only if the catalogue has a program. */
  readonly generate?: string | undefined;
}

/** The name of a Lambda is the name of its file in `functions`. */
export type LambdaName = keyof Bundles;

/** Builds `functions/NAME.ts` with the catalogue and returns the folder, which has `index.mjs`. */
export async function bundleLambda(
  name: LambdaName,
  catalogue: Catalogue,
  to = resolve('.bundles'),
  values?: string,
): Promise<string> {
  const folder = join(to, name);
  // esbuild names each part by its contents, so the parts of an earlier build would stay.
  rmSync(folder, { recursive: true, force: true });
  const { build } = await import('esbuild');
  await build({
    ...bundling(catalogue, values),
    entryPoints: { index: source(`functions/${name}`) },
    outdir: folder,
  });
  return folder;
}

/** Builds all Lambdas and returns the folder of each. */
export async function bundleLambdas(catalogue: Catalogue): Promise<Bundles> {
  const [webhook, redeliver, mailEvents, reconcile, operator, orderMail, pages, generate] = await Promise.all(
    [
      bundleLambda('webhook', catalogue),
      bundleLambda('redeliver', catalogue),
      bundleLambda('mail-events', catalogue),
      bundleLambda('reconcile', catalogue),
      bundleLambda('operator', catalogue),
      hasMailStore(catalogue) ? bundleLambda('order-mail', catalogue) : undefined,
      catalogue.pages ? bundleLambda('pages', catalogue) : undefined,
      programsOf(catalogue).length > 0 ? bundleLambda('generate', catalogue) : undefined,
    ],
  );
  const optional = { 'order-mail': orderMail, pages, generate };
  return { webhook, redeliver, 'mail-events': mailEvents, reconcile, operator, ...optional };
}

/** Returns the options that every bundle shares. @param values replaces the values of the catalogue. */
export function bundling(catalogue: Catalogue, values?: string): BuildOptions {
  return {
    bundle: true,
    minify: true,
    format: 'esm',
    // A cold start reads one file. Splitting keeps out of it what is imported later or, like parts of the SDK, never.
    splitting: true,
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    logLevel: 'error',
    // The bundle imports a name from a built-in module that the Node that builds it does not have: see `builtins`.
    logOverride: { 'import-is-undefined': 'error' },
    alias: {
      // Lambda and `npm start` pass credentials in the environment; the default provider chain takes 20 ms to load.
      '@aws-sdk/credential-provider-node': source('functions/aws/credentials'),
    },
    plugins: [inlineCatalogue(catalogue, values), builtins, withoutConfigFiles],
  };
}

/** Keeps the SDK from looking for `~/.aws/config` at each start. Its packages import the reader by a relative path. */
const withoutConfigFiles: Plugin = {
  name: 'without-config-files',
  setup({ onResolve }) {
    onResolve({ filter: /[\\/]loadSharedConfigFiles(?:\.js)?$/ }, () => ({
      path: source('functions/aws/no-config-files'),
    }));
    // The SDK would import it for a response with events, which no Lambda asks for. It would be a second file to load.
    onResolve({ filter: /^@smithy\/core\/event-streams$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
};
