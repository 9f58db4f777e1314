/** The package of Keypost itself: a clone, or what npm has installed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';

export const isClone = import.meta.url.endsWith('.ts');

/** The folder of the sources: `dist` in an installed package. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

const Versions = z.optional(z.record(z.string(), z.string()));
export const Manifest = z.looseObject({
  version: z.optional(z.string()),
  scripts: Versions,
  dependencies: Versions,
  devDependencies: Versions,
});

export const ownManifest = () =>
  Manifest.parse(JSON.parse(readFileSync(join(root, isClone ? '' : '..', 'package.json'), 'utf8')));
