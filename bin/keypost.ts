#!/usr/bin/env -S node --import tsx
/** The command line: `npx --no keypost`. */
import { run } from './commands/cli/program.ts';
import { terminal } from './commands/cli/terminal.ts';

// Node 20 does all that is asked of it here: https://github.com/aws/aws-sdk-js-v3/issues/7983
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// Whoever reads may have seen enough, as with `| head`.
process.stdout.on('error', () => process.exit());

process.exitCode = await run(process.argv.slice(2), terminal);
