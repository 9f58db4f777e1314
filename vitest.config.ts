import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Replaces modules, which only those of Vite allow. */
const MOCKED = 'test/aws/warm.test.ts';

/** Take longest, so they start first: one that started last would run alone. */
const LONG = [
  'test/bin/orders.test.ts',
  'test/core/{fuzz,order/model}.test.ts',
  'test/generator/hostile.test.ts',
  'test/local/{kill,page,pages,start}.test.ts',
  'test/simulation/simulation.test.ts',
];

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
  execArgv: ['--import', 'tsx/esm'],
};

export default defineConfig({
  test: {
    // They start in the order of their names.
    projects: [
      { test: { ...shared, name: 'long', include: LONG } },
      { test: { ...every, name: 'mocked', include: [MOCKED] } },
      {
        test: { ...shared, name: 'shared', include: ['test/**/*.test.ts'], exclude: [MOCKED, ...LONG] },
      },
    ],
    // Nothing that is logged may be a secret, a serial, a name or an address.
    globalSetup: ['test/logs/log-scan.ts'],
    // Many tests wait for a process or a server: one worker for each CPU would leave it idle.
    maxWorkers: availableParallelism() + 1,
    // What the Lambdas log.
    onConsoleLog: (text) => !text.startsWith('{"report"'),
    // Transformed sources are kept in node_modules between runs.
    experimental: { fsModuleCache: true },
  },
});
