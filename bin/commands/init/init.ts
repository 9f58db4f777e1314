/** `init`: writes a seller's repository, whose only code is the seller's own. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import * as z from 'zod/mini';
import { CommandError } from '../cli/failure.ts';
import { isClone, Manifest, ownManifest, root } from '../cli/package.ts';
import type { Terminal } from '../cli/terminal.ts';

const HELP = `
Writes keypost.config.ts, cdk.json, package.json, tsconfig.json, .gitignore, README.md and
.github/workflows/deploy.yml. An existing package.json keeps what it has; any other existing
file stops the command. The package of Keypost is copied into the folder.

Examples:
  npm run keypost -- init ../my-shop
  npm run keypost -- init ../my-shop --from git+ssh://git@example.com/keypost.git#v0.1.0`;

export const init = (terminal: Terminal) =>
  new Command('init')
    .argument('<dir>', 'the folder of the new repository')
    .option('--from <package>', 'the tarball or git tag of Keypost; the one that runs unless given')
    .addHelpText('after', HELP)
    .action((dir, { from }) => {
      const files = Object.entries(filesOf());
      const existing = files.filter(([name]) => name !== 'package.json' && existsSync(join(dir, name)));
      if (existing.length > 0)
        throw new CommandError(
          `${dir} has ${existing.map(([name]) => name).join(', ')} already; name another folder, or move them; nothing is written`,
        );
      mkdirSync(dir, { recursive: true });
      const manifest = join(dir, 'package.json');
      const before = existsSync(manifest) ? Manifest.parse(JSON.parse(readFileSync(manifest, 'utf8'))) : {};
      const keypost = from && !existsSync(from) ? from : copyPackage(resolve(dir), from);
      write(manifest, `${JSON.stringify(manifestOf(before, resolve(dir), keypost), null, 2)}\n`);
      for (const [name, text] of files) write(join(dir, name), text);
      terminal.print(
        `${dir} has a new repository. Next:\n  cd ${JSON.stringify(dir)}\n  npm install\n  npm start`,
      );
    });

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Puts the package of Keypost into the folder, so that `npm ci` finds it on every machine. Returns its dependency. */
function copyPackage(dir: string, from: string | undefined): string {
  const found = from ?? (isClone ? undefined : installedFrom());
  if (found === undefined && !isClone)
    throw new CommandError(
      'the package of this Keypost is not known; name its tarball or git tag with --from',
    );
  if (found === undefined) {
    // `npm run` passes the options of its own command.
    const args = ['pack', '--json', '--silent', '--pack-destination', dir];
    const printed = execFileSync('npm', args, {
      cwd: root,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    return `file:${z.array(z.object({ filename: z.string() })).parse(JSON.parse(printed))[0]?.filename}`;
  }
  if (!existsSync(found)) return found;
  const copy = join(dir, basename(found));
  if (resolve(found) !== copy) copyFileSync(found, copy);
  return `file:${basename(found)}`;
}

/** The package that npm has installed this Keypost from: the path of a tarball, or a git address. */
function installedFrom(): string | undefined {
  const modules = resolve(root, '../..');
  const lock = join(modules, '.package-lock.json');
  if (!existsSync(lock)) return undefined;
  const { packages } = Lock.parse(JSON.parse(readFileSync(lock, 'utf8')));
  const resolved = packages['node_modules/keypost']?.resolved;
  return resolved?.startsWith('file:') ? resolve(modules, '..', resolved.slice(5)) : resolved;
}

const Lock = z.object({
  packages: z.record(z.string(), z.object({ resolved: z.optional(z.string()) })),
});

function manifestOf(before: z.output<typeof Manifest>, dir: string, keypost: string) {
  const ours = ownManifest();
  const versions = { ...ours.dependencies, ...ours.devDependencies };
  const pick = (name: string) => ({ [name]: versions[name] ?? '*' });
  return {
    ...{
      name:
        basename(dir)
          .toLowerCase()
          .replace(/[^a-z0-9-]+/g, '-') || 'shop',
      private: true,
    },
    ...before,
    type: 'module',
    scripts: {
      start: 'node node_modules/keypost/dist/bin/local.js',
      keypost: 'keypost',
      check: 'tsc && cdk synth --quiet',
      ...before.scripts,
    },
    dependencies: { ...before.dependencies, keypost },
    devDependencies: {
      ...pick('@types/node'),
      ...pick('aws-cdk'),
      ...pick('typescript'),
      ...before.devDependencies,
    },
  };
}

const filesOf = (): Readonly<Record<string, string>> => ({
  'keypost.config.ts': read(isClone ? 'keypost.config.ts' : 'keypost.config.txt'),
  'cdk.json': read('cdk.json').replace(/"app": ".*"/, '"app": "node node_modules/keypost/dist/bin/app.js"'),
  'tsconfig.json': read('bin/commands/init/template/tsconfig.json'),
  '.gitignore': 'node_modules/\ncdk.out/\n.bundles/\n.data/\n',
  'README.md': read('bin/commands/init/template/README.md'),
  '.github/workflows/deploy.yml': read('bin/commands/init/template/deploy.yml'),
});
