/** A part of a CPU, as Lambda gives it by memory size: 1,769 MB are one CPU, doled out in periods of 20 ms. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PERIOD_MS = 20;

export interface Share {
  /** By what means, for the report. */
  readonly how: string;
  /** Limits the process to its share. */
  limit(pid: number): void;
  /** The process has ended, or may run free again. */
  release(): void;
  end(): void;
}

export const cpuShare = (megabytes: number): Share =>
  kernelShare(megabytes / 1_769) ?? dutyCycle(megabytes / 1_769);

/** The kernel's own quota, where we may set it: version 2 of control groups, or version 1. */
function kernelShare(share: number): Share | undefined {
  const period = PERIOD_MS * 1_000;
  const quota = Math.round(period * share);
  const settings = [
    { root: '/sys/fs/cgroup', files: { 'cpu.max': `${quota} ${period}`, 'cpu.weight': 10_000 } },
    {
      root: '/sys/fs/cgroup/cpu',
      files: { 'cpu.cfs_period_us': period, 'cpu.cfs_quota_us': quota, 'cpu.shares': 262_144 },
    },
  ];
  for (const { root, files } of settings) {
    const folder = join(root, `keypost-bench-${process.pid}`);
    if (!existsSync(join(root, 'cgroup.procs'))) continue;
    try {
      mkdirSync(folder);
      for (const [name, value] of Object.entries(files)) {
        writeFileSync(join(folder, name), String(value), { flag: 'r+' });
      }
    } catch {
      // Falls back to the next method if this one is not permitted.
      if (existsSync(folder)) rmdirSync(folder);
      continue;
    }
    return {
      how: `the kernel's CFS quota, ${quota} of each ${period} µs`,
      limit: (pid) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
      release: () => undefined,
      end: () => rmdirSync(folder),
    };
  }
  return undefined;
}

/** Stops and continues it by signals. Stricter than a quota: the unused time of a turn is lost. */
function dutyCycle(share: number): Share {
  let timer: NodeJS.Timeout | undefined;
  return {
    how: `SIGSTOP for ${Math.round(PERIOD_MS * (1 - share))} of each ${PERIOD_MS} ms, since no CPU quota may be set here`,
    limit(pid) {
      const turn = () => {
        process.kill(pid, 'SIGCONT');
        setTimeout(() => timer && process.kill(pid, 'SIGSTOP'), PERIOD_MS * share);
      };
      timer = setInterval(turn, PERIOD_MS);
      turn();
    },
    release() {
      clearInterval(timer);
      timer = undefined;
    },
    end: () => undefined,
  };
}
