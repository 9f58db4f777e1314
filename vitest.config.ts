import { defineConfig } from 'vitest/config';

/** `vi.mock` needs modules of Vite and a process of its own. */
const MOCKING = ['test/aws/warm.test.ts'];

const shared = {
  setupFiles: ['test/logs/log-setup.ts'],
  testTimeout: 30_000,
  hookTimeout: 60_000,
  env: { AWS_REGION: 'us-east-1', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
};

export default defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: 'mocking', include: MOCKING } },
      {
        test: {
          ...shared,
          name: 'all',
          include: ['test/**/*.test.ts'],
          exclude: MOCKING,
          // Loading the AWS SDK, aws-cdk-lib and our modules takes seconds: a process does it once for all its files.
          isolate: false,
          // Node's own modules: code in those of Vite runs at a third of the speed.
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
  },
});
