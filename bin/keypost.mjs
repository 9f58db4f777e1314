#!/usr/bin/env node
/**
 * Starts the command line. A package has it compiled. In a clone, a bundle of `keypost.ts` and its libraries is made,
 * because tsx costs 0.8 s of CPU at each start. The bundle is used until one of its sources has another size or time.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const DAY = 24 * 60 * 60 * 1000;
const root = fileURLToPath(new URL('..', import.meta.url));
const bundles = join(root, '.bundles/keypost');
const latest = join(root, '.bundles/keypost.json');
// Node 20 lacks it.
module.enableCompileCache?.(join(bundles, 'compiled'));
const compiled = join(root, 'dist/bin/keypost.js');
// A bundled library in CommonJS calls `require` for built-in modules.
globalThis.require = module.createRequire(import.meta.url);
const folder = existsSync(join(root, 'bin/keypost.ts')) ? (findBundle() ?? (await bundle())) : undefined;
await import(pathToFileURL(folder ? join(folder, 'keypost.js') : compiled).href);

/** Returns the folder of the latest bundle, or undefined if a source has changed. */
function findBundle() {
  if (!existsSync(latest)) return undefined;
  const { folder, stamps } = JSON.parse(readFileSync(latest, 'utf8'));
  const isFresh =
    existsSync(folder) && Object.entries(stamps).every(([path, stamp]) => stampOf(path) === stamp);
  return isFresh ? folder : undefined;
}

function stampOf(path) {
  const { size, mtimeMs, ctimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return `${size} ${mtimeMs} ${ctimeMs}`;
}

async function bundle() {
  const started = Date.now();
  const [{ build }, { builtins }] = await Promise.all([
    import('esbuild'),
    import('../lib/build/builtins.mjs'),
  ]);
  mkdirSync(bundles, { recursive: true });
  // Another process may remove the same old bundle.
  for (const path of readdirSync(bundles).map((name) => join(bundles, name)))
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < Date.now() - DAY)
      rmSync(path, { recursive: true, force: true });
  const outdir = mkdtempSync(join(bundles, 'bundle-'));
  const { metafile } = await build({
    entryPoints: ['bin/keypost.ts'],
    absWorkingDir: root,
    outdir,
    metafile: true,
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    external: ['esbuild'],
    logLevel: 'error',
    plugins: [
      builtins,
      { name: 'addresses', setup: ({ onLoad }) => onLoad({ filter: /\.ts$/ }, withAddress) },
    ],
  });
  // npm writes the second file at each install.
  const files = [
    fileURLToPath(import.meta.url),
    join(root, 'lib/build/builtins.mjs'),
    join(root, 'node_modules/.package-lock.json'),
  ];
  for (const name of Object.keys(metafile.inputs))
    if (!/^(node_modules|builtin)/.test(name)) files.push(join(root, name));
  // A source that has changed meanwhile may be in the bundle as it was before.
  if (files.some((file) => statSync(file).ctimeMs >= started)) return outdir;
  const stamps = Object.fromEntries(files.map((file) => [file, stampOf(file)]));
  writeFileSync(`${latest}.${process.pid}`, JSON.stringify({ folder: outdir, stamps }));
  renameSync(`${latest}.${process.pid}`, latest);
  return outdir;
}

/** A source finds the files beside it by its own address, not by the bundle's. */
function withAddress({ path }) {
  const address = JSON.stringify(pathToFileURL(path).href);
  return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', address), loader: 'ts' };
}
