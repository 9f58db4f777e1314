/** `npm pack`, and the installation of a git tag, run this: it compiles the sources to `dist` and copies the other files that they read. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
// npm runs `prepare` also after `npm ci` in a clone, which needs no package, and a second time in `npm pack`.
const { npm_lifecycle_event: event, npm_package_resolved: dependency } = process.env;
if (event === 'prepare' && (!dependency || existsSync('dist'))) process.exit();
rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});
const isSource = /(?<!\.d)\.ts$|[\\/]samples$/;
for (const folder of ['lib', 'functions', 'local'])
  cpSync(folder, join('dist', folder), { recursive: true, filter: (path) => !isSource.test(path) });
for (const folder of ['bin/commands/desk/page', 'bin/commands/init/template'])
  cpSync(folder, join('dist', folder), { recursive: true });
cpSync('cdk.json', 'dist/cdk.json');
cpSync('keypost.config.ts', 'dist/keypost.config.txt');
