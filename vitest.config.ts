import { defineConfig } from 'vitest/config';

/** Tests that change nothing in their process: their files share one, so each module is loaded once. */
const PURE = [
  'test/bench/cost*.test.ts',
  'test/core/{find-profile,inbound,operator,order}/**/*.test.ts',
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
    projects: [
      { resolve: { alias }, test: { ...shared, name: 'pure', include: PURE, isolate: false } },
      {
        resolve: { alias },
        test: { ...shared, name: 'isolated', include: ['test/**/*.test.ts'], exclude: PURE },
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
