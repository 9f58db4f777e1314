/** `desk`: the orders in a browser, on this machine, with the person's own AWS credentials. */
import { Command } from '@commander-js/extra-typings';
import { json } from '../cli/columns.ts';
import { listen, sendJson } from '../cli/http.ts';
import { targetFrom, withTargetOptions } from '../cli/target.ts';
import { openBrowser, type Terminal } from '../cli/terminal.ts';
import { desk, newToken } from './server.ts';

export const deskCommand = (terminal: Terminal) =>
  withTargetOptions(new Command('desk'))
    .option('--port <port>', 'the port of the page; any free one unless given', Number, 0)
    .option('--no-open', 'print the address and open no browser')
    .option('--json', 'for scripts: { "url": "…" }')
    .addHelpText('after', HELP)
    .action(async (options) => {
      const token = newToken();
      const answer = desk(targetFrom(options, terminal.env), terminal, token);
      const { port } = await listen(options.port, '--port', async (request, response) => {
        if (!(await answer(request, response))) sendJson(response, 404, { message: 'Not Found' });
      });
      const url = `http://127.0.0.1:${port}/?token=${token}`;
      terminal.print(options.json ? json({ url }) : `The desk is at ${url} until Ctrl-C.`);
      if (options.open) await openBrowser(url);
    });

const HELP = `
The command keeps running until Ctrl-C. Only this machine reaches the page, and only
with the token in the address, which is new at each start. The page reads orders with
your AWS credentials. The Lambda operator performs the actions, so that no key leaves
AWS. --stack works in an empty folder; the policy in the stack's output KeypostSupport
is enough to answer buyers.

Examples:
  npm run keypost -- desk
  npm run keypost -- desk --stack Keypost
  npm run -s keypost -- desk --local --no-open --json`;
