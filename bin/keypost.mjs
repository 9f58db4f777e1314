#!/usr/bin/env node
/**
 * Starts the command line. A package has it compiled. In a clone, a bundle of `keypost.ts` and its libraries is made,
 * because tsx costs 0.8 s of CPU at each start. The hash of the sources names the folder of the bundle.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const DAY = 24 * 60 * 60 * 1000;
const root = fileURLToPath(new URL('..', import.meta.url));
const bundles = join(root, '.bundles/keypost');
// Node 20 lacks it.
module.enableCompileCache?.(join(bundles, 'compiled'));
const compiled = join(root, 'dist/bin/keypost.js');
await import(pathToFileURL(existsSync(join(root, 'bin/keypost.ts')) ? await bundled() : compiled).href);

async function bundled() {
  const folder = join(bundles, hashSources());
  if (!existsSync(folder)) await bundle(folder);
  return join(folder, 'keypost.js');
}

function hashSources() {
  const hash = createHash('sha256');
  // npm writes the second file at each install.
  const files = [fileURLToPath(import.meta.url), join(root, 'node_modules/.package-lock.json')];
  for (const name of ['bin', 'functions', 'lib'])
    for (const file of readdirSync(join(root, name), { recursive: true, encoding: 'utf8' }).sort())
      if (/\.m?ts$|\.mjs$/.test(file)) files.push(join(root, name, file));
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(file));
  return hash.digest('hex').slice(0, 32);
}

async function bundle(folder) {
  const { build } = await import('esbuild');
  mkdirSync(bundles, { recursive: true });
  // Another process may remove the same old bundle.
  for (const path of readdirSync(bundles).map((name) => join(bundles, name)))
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < Date.now() - DAY)
      rmSync(path, { recursive: true, force: true });
  const outdir = mkdtempSync(join(bundles, 'new-'));
  await build({
    entryPoints: [join(root, 'bin/keypost.ts')],
    outdir,
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    external: ['esbuild'],
    logLevel: 'error',
    // A library in CommonJS calls `require` for built-in modules.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    plugins: [{ name: 'addresses', setup: ({ onLoad }) => onLoad({ filter: /\.ts$/ }, withAddress) }],
  });
  // Another process may have put the same bundle there first.
  try {
    renameSync(outdir, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(outdir, { recursive: true });
  }
}

/** A source finds the files beside it by its own address, not by the bundle's. */
function withAddress({ path }) {
  const address = JSON.stringify(pathToFileURL(path).href);
  return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', address), loader: 'ts' };
}
