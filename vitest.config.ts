import { defineConfig } from 'vitest/config';

/** Tests that leave nothing behind in their process. Each of the two processes loads a module once for all these files. */
const SHARED = [
  'test/bench/cost*.test.ts',
  'test/bin/**/*.test.ts',
  'test/core/{find-profile,inbound,operator,order,serial}/**/*.test.ts',
  'test/core/faults.test.ts',
  'test/core/mail/message.test.ts',
  'test/lib/**/*.test.ts',
  'test/providers/**/*.test.ts',
];

const alias = { keypost: new URL('functions/keypost.ts', import.meta.url).pathname };

const shared = {
  setupFiles: ['test/logs/log-setup.ts'],
  testTimeout: 30_000,
  hookTimeout: 60_000,
  env: { AWS_REGION: 'us-east-1', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
};

export default defineConfig({
  test: {
    // A process is used again only if the next file is of the same project, so the projects run one after the other.
    projects: [
      {
        resolve: { alias },
        test: {
          ...shared,
          name: 'isolated',
          include: ['test/**/*.test.ts'],
          exclude: SHARED,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: 'shared',
          include: SHARED,
          isolate: false,
          sequence: { groupOrder: 1 },
          // Node's own modules: code in those of Vite runs at half the speed.
          experimental: { viteModuleRunner: false, nodeLoader: false },
          execArgv: ['--import', 'tsx/esm'],
        },
      },
    ],
    // Nothing that is logged may be a secret, a serial, a name or an address.
    globalSetup: ['test/logs/log-scan.ts'],
    // Most tests wait for a process or a server: a CPU left free is one that does nothing.
    maxWorkers: '100%',
    // What the Lambdas log.
    onConsoleLog: (text) => !text.startsWith('{"report"'),
    // Transformed sources are kept in node_modules between runs.
    experimental: { fsModuleCache: true },
  },
});
