/** `npm pack` runs this: it compiles the sources to `dist` and copies the other files that they read. */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});
const isSource = /(?<!\.d)\.ts$|[\\/]samples$/;
for (const folder of ['lib', 'functions', 'local'])
  cpSync(folder, join('dist', folder), { recursive: true, filter: (path) => !isSource.test(path) });
cpSync('cdk.json', 'dist/cdk.json');
cpSync('keypost.config.ts', 'dist/keypost.config.txt');
