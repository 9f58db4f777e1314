import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Nothing that is logged may be a secret, a serial, a name or an address.
    globalSetup: ['test/logs/log-scan.ts'],
    setupFiles: ['test/logs/log-setup.ts'],
    // Most tests wait for a process or a server: a CPU left free is one that does nothing.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What the Lambdas log.
    onConsoleLog: (text) => !text.startsWith('{"report"'),
    env: { AWS_REGION: 'us-east-1', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  },
});
