import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Replaces modules, which only those of Vite allow. */
const MOCKED = 'test/aws/warm.test.ts';

/** Each needs a process of its own: they verify a certificate at different times, and a process remembers the first result. */
const ALONE = ['test/providers/paypal.test.ts', 'test/providers/providers.test.ts'];

/** MOCKED, whose worker runs no other file, and then the longest: one that started last would run alone. */
const FIRST = [
  'aws/warm',
  'local/page',
  'local/start',
  'generator/hostile',
  'local/pages',
  'core/order/model',
  'simulation/simulation',
  'local/kill',
  'bin/keypost',
  'bin/orders',
  'core/fuzz',
  'lib/stack',
  'bin/doctor',
  'core/reconcile',
  'core/catalogue/editor',
  'bin/serial',
];

/** Starts the files of FIRST in that order, and then the others. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const turnOf = ({ moduleId }: TestSpecification) =>
      FIRST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`)) + 1 || FIRST.length + 1;
    return files.toSorted((a, b) => turnOf(a) - turnOf(b));
  }
}

const every = {
  setupFiles: ['test/logs/log-setup.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
  env: { AWS_REGION: 'us-east-1', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
};

const shared = {
  ...every,
  // Each process loads a module once for all its files.
  isolate: false,
  // Node's own modules: code in those of Vite runs at half the speed.
  experimental: { viteModuleRunner: false, nodeLoader: false },
  // Most objects of a test are short-lived. V8's default of 16 MB copies them so often that it costs 8 % of the CPU.
  execArgv: ['--import', 'tsx/esm', '--max-semi-space-size=64'],
};

export default defineConfig({
  test: {
    projects: [
      { test: { ...every, name: 'mocked', include: [MOCKED] } },
      { test: { ...shared, name: 'alone', isolate: true, include: ALONE } },
      {
        test: {
          ...shared,
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [MOCKED, ...ALONE],
        },
      },
    ],
    sequence: { sequencer: LongestFirst },
    // Nothing that is logged may be a secret, a serial, a name or an address.
    globalSetup: ['test/logs/log-scan.ts'],
    // Many tests wait for a process or a server: with one worker for each CPU it would be idle for a quarter of the time.
    maxWorkers: availableParallelism() + 2,
    // Transformed sources are kept in node_modules between runs.
    experimental: { fsModuleCache: true },
  },
});
