/** The bundles of the Lambdas for this machine. A build takes seconds, so one of the same sources is used again. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Catalogue } from '../../functions/core/catalogue/catalogue.ts';
import { bundleLambda, type LambdaName } from '../../lib/build/bundle.ts';
import { programsOf, valuesOf } from '../../lib/build/inline-catalogue.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = resolve('.bundles', 'local');
const DAY_MS = 24 * 3_600_000;

/** Returns a new folder with a folder for each of `names`. The caller removes it. */
export async function builtLambdas(catalogue: Catalogue, names: readonly LambdaName[]): Promise<string> {
  const built = join(CACHE, hashOf(catalogue, names));
  if (!existsSync(built)) await build(catalogue, names, built);
  // A Lambda may load a part of its bundle at any time, so it runs from a copy that no other process removes.
  const folder = await mkdtemp(join(tmpdir(), 'keypost-'));
  const values = JSON.stringify(valuesOf(catalogue));
  for (const name of names) mkdirSync(join(folder, name));
  for (const name of readdirSync(built, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.mjs')) continue;
    const text = readFileSync(join(built, name), 'utf8').replace(QUOTED, () => values);
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** Stands for the values of the catalogue in the stored build, so that a changed price or product needs no new one. */
const PLACEHOLDER = '@catalogue@';
const QUOTED = JSON.stringify(PLACEHOLDER);

/** Another process may make the same build meanwhile, so it gets its name in one step. */
async function build(catalogue: Catalogue, names: readonly LambdaName[], built: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age > DAY_MS) rmSync(path, { recursive: true, force: true });
  }
  const own = await mkdtemp(`${built}-`);
  await Promise.all(names.map((name) => bundleLambda(name, catalogue, own, PLACEHOLDER)));
  if (existsSync(built)) rmSync(own, { recursive: true });
  else renameSync(own, built);
}

/** Covers everything that a build depends on: the installed packages by their lock file. */
function hashOf(catalogue: Catalogue, names: readonly LambdaName[]): string {
  const { code, pages, providers } = catalogue;
  const enabled = Object.entries(providers).map(([name, { as = name }]) => as);
  // The seller's own code is named in the build by its place in the catalogue.
  const parts = [code && catalogue, enabled.sort(), Boolean(pages), programsOf(catalogue).length > 0];
  const hash = createHash('sha256').update(JSON.stringify([parts, names, process.version]));
  const sources = readdirSync(join(root, 'functions'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const others = [
    ...['bundle', 'inline-catalogue'].map((name) =>
      join(root, `lib/build/${name}${import.meta.url.slice(-3)}`),
    ),
    ...['package-lock.json'].filter((path) => existsSync(path)),
  ];
  for (const path of [...sources.sort(), ...others]) hash.update(path).update(readFileSync(path));
  return hash.digest('hex').slice(0, 32);
}
