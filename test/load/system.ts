/** Runs the local system like `npm start`, in its own process, so that its memory can be measured. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface System {
  readonly page: string;
  readonly aws: string;
  /** The memory of the process as the operating system counts it. */
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
    let output = '';
    const hear = (chunk: Buffer) => {
      output += chunk;
      if (!output.includes('Products')) return;
      // The log of each order is read and discarded.
      child.stdout.off('data', hear).resume();
      resolve(
        [...output.matchAll(/^(?:Keypost|AWS) +(http:\/\/localhost:\d+)/gm)].map(([, url]) => url ?? ''),
      );
    };
    child.stdout.on('data', hear);
    ended.then(() => reject(new Error(`the local system ended: ${output}`)), reject);
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

/** Excludes mapped file pages if possible: LevelDB maps its files, and the system can reclaim them. */
async function memoryOf(pid: string): Promise<number> {
  if (process.platform === 'linux') {
    const [, kilobytes] = /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1024;
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', pid]);
  return Number(stdout) / 1024;
}
