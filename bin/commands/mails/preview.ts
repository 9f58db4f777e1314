/** `mail preview`: shows a mail as it will arrive. `mail send`: sends one, marked TEST. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SESClient } from '@aws-sdk/client-ses';
import { Command, Option } from '@commander-js/extra-typings';
import { sesMailer } from '../../../functions/aws/ses/mailer.ts';
import { toMime } from '../../../functions/aws/ses/mime.ts';
import { toMailbox } from '../../../functions/core/mail/address.ts';
import type { Message } from '../../../functions/core/mail/message.ts';
import { PREVIEW_KINDS, previewMail, previewPage } from '../../../functions/core/mail/preview.ts';
import { json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { type OptionsOf, readCatalogue, targetFrom, withTargetOptions } from '../cli/target.ts';
import { openBrowser, type Terminal } from '../cli/terminal.ts';

const withChoice = (command: Command) =>
  withTargetOptions(command)
    .option('--product <id...>', 'the products of the order; the first of the catalogue unless given')
    .option('--locale <tag>', "the buyer's locale, such as de-AT; seller.locale unless given")
    .option('--name <name>', 'the licensee')
    .addOption(new Option('--kind <kind>', 'the kind of mail').choices(PREVIEW_KINDS).default('serial'));

export const mailPreview = (terminal: Terminal) =>
  withChoice(new Command('preview'))
    .description('show a mail as it will arrive, of an order that does not exist')
    .option(
      '--open',
      'show it in the browser: in light and dark, at the width of a phone, as text and as sent',
    )
    .option('--json', 'for scripts: subject, text and html')
    .addHelpText('after', HELP)
    .action(async (options) => {
      const message = await build(options, terminal);
      const { subject, text, html } = message;
      if (options.open) terminal.print(await show(message));
      else terminal.print(options.json ? json({ subject, text, html }) : `Subject: ${subject}\n\n${text}`);
    });

export const mailSend = (terminal: Terminal) =>
  withChoice(new Command('send'))
    .description('send one mail, marked TEST')
    .requiredOption('--to <address>', 'the recipient; in the sandbox of SES, a verified address')
    .addHelpText('after', HELP)
    .action(async (options) => {
      const to = toMailbox(options.to);
      if (!to) throw new CommandError(`found the address ${options.to}; write one like me@example.com`);
      const message = await build(options, terminal);
      const target = targetFrom(options, terminal.env);
      const { configurationSet } = await target.names();
      const mailer = sesMailer(new SESClient({ ...target.config, maxAttempts: 1 }), configurationSet);
      const subject = message.subject.startsWith('TEST ') ? message.subject : `TEST ${message.subject}`;
      const result = await mailer({ ...message, to, subject });
      if (result.kind !== 'sent')
        throw new CommandError(
          `SES has not accepted the mail (${result.code}); \`${target.command('doctor')}\` checks the sender`,
        );
      terminal.print(`sent to ${to}: ${subject}`);
    });

const HELP = `
Examples:
  npm run keypost -- mail preview --locale de --name 'Zoë Müller' --open
  npm run keypost -- mail send --to me@example.com --locale ja`;

async function build(options: OptionsOf<typeof withChoice>, terminal: Terminal): Promise<Message> {
  const { product: products, locale, name, kind } = options;
  const message = await previewMail(await readCatalogue(terminal), { products, locale, name, kind });
  if (typeof message === 'string') throw new CommandError(message);
  return message;
}

async function show(message: Message): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'keypost-mail-')), 'mail.html');
  await writeFile(file, previewPage(message, toMime(message).toString()));
  await openBrowser(file);
  return file;
}
