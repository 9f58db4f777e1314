/** The command line; `keypost.mjs` starts it. */
import { run } from './commands/cli/program.ts';
import { terminal } from './commands/cli/terminal.ts';

// Node 20 supports everything that Keypost uses: https://github.com/aws/aws-sdk-js-v3/issues/7983
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// The reader of a pipe may close it early, as `| head` does.
process.stdout.on('error', () => process.exit());

process.exitCode = await run(process.argv.slice(2), terminal);
