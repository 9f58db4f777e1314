/** The local system as `npm start` runs it, in a process of its own: what it takes of memory is its own. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface System {
  readonly page: string;
  readonly aws: string;
  /** What it holds in memory, as the operating system counts. */
  megabytes(): Promise<number>;
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

export async function startSystem(dataDir: string): Promise<System> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bin/local.ts'], {
    cwd: root,
    env: {
      ...process.env,
      PORT: '0',
      AWS_PORT: '0',
      DATA_DIR: dataDir,
      KEYPOST_CONFIG: 'local/demo-shop.ts',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit').then(() => process.off('exit', kill));
  const addresses = new Promise<readonly string[]>((resolve, reject) => {
    let said = '';
    const hear = (chunk: Buffer) => {
      said += chunk;
      if (!said.includes('Products')) return;
      // What is logged of each order is read and forgotten.
      child.stdout.off('data', hear).resume();
      resolve([...said.matchAll(/^(?:Keypost|AWS) +(http:\/\/localhost:\d+)/gm)].map(([, url]) => url ?? ''));
    };
    child.stdout.on('data', hear);
    ended.then(() => reject(new Error(`the local system ended: ${said}`)), reject);
  });
  const [page = '', aws = ''] = await addresses;
  return {
    page,
    aws,
    megabytes: () => memoryOf(String(child.pid)),
    async stop() {
      child.kill('SIGINT');
      await ended;
    },
  };
}

/** Without the pages of files where they can be told apart: LevelDB maps its own, and the system may take them back. */
async function memoryOf(pid: string): Promise<number> {
  if (process.platform === 'linux') {
    const [, kilobytes] = /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1024;
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', pid]);
  return Number(stdout) / 1024;
}
