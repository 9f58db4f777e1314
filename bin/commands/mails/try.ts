/** `mails try`: says which order a mail would make, or why it would make none. It sends and stores nothing. */
import { readFile } from 'node:fs/promises';
import { Command } from '@commander-js/extra-typings';
import {
  type Catalogue,
  findBuiltIn,
  findProduct,
  productsOf,
} from '../../../functions/core/catalogue/catalogue.ts';
import type { Sale } from '../../../functions/core/inbound/event.ts';
import { headersOf, MAX_MAIL_BYTES } from '../../../functions/core/inbound/mail.ts';
import { type MailOrder, toSale } from '../../../functions/core/inbound/mail-store.ts';
import { Rejection } from '../../../functions/core/inbound/rejection.ts';
import { toMailbox } from '../../../functions/core/mail/address.ts';
import type { Received } from '../../../functions/core/order-mail.ts';
import { contextFrom } from '../../../functions/core/request-world.ts';
import { licenseeFor } from '../../../functions/core/serial/lines.ts';
import { mailStores } from '../../../functions/providers/mail-stores.ts';
import { columns, json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { readCatalogue } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';

export const mailsTry = (terminal: Terminal) =>
  new Command('try')
    .argument('<file>', 'a mail as a file with its headers, such as order.eml')
    .description('say which order a mail would make, label by label, or why it would make none')
    .option('--store <name>', "the store's name in the catalogue; found by the mail's addresses unless given")
    .option('--json', 'for scripts')
    .addHelpText('after', HELP)
    .action(async (file, options) => {
      const catalogue = await readCatalogue(terminal);
      const raw = await readFile(file).catch(() => {
        throw new CommandError(`found no file ${file} that can be read; name one with a mail`);
      });
      const result = await judge(catalogue, options.store ?? findStore(catalogue, raw), raw);
      terminal.print(options.json ? json(result) : describe(result));
    });

const HELP = `
Judges the content only: the file does not prove who sent the mail.

Examples:
  npm run keypost -- mails try order.eml
  npm run keypost -- mails try order.eml --store kagi --json`;

interface Result extends Omit<Received, 'key'> {
  readonly order: MailOrder | null;
  /** For a person: what differs from the mails that the store knows. */
  readonly message: string | null;
}

async function judge(catalogue: Catalogue, name: string, raw: Buffer): Promise<Result> {
  const store = findBuiltIn(catalogue, name, mailStores);
  if (!store)
    throw new CommandError(
      `${name} is no mail store of the catalogue; name one of ${storesOf(catalogue).join(', ')}`,
    );
  const context = contextFrom({ catalogue, now: Date.now, ask: async () => '' }, name, {});
  const held = { disposition: 'held', order: null } as const;
  if (raw.length > MAX_MAIL_BYTES) return { ...held, reason: 'too_large', message: 'found more than 256 KB' };
  try {
    const order = await store.parseOrder(raw, context);
    if (typeof order === 'string')
      return { disposition: 'ignored', reason: order, order: null, message: null };
    const reason = reasonToHold(catalogue, name, toSale(order, context));
    const { buyerName, registrationName: typed = buyerName } = order;
    // Marks of text direction are no part of a name.
    const registrationName = typed?.replace(/^[\s\p{Cf}]+|[\s\p{Cf}]+$/gu, '');
    const disposition = reason ? 'held' : 'fulfilled';
    return { disposition, reason, order: { ...order, registrationName }, message: null };
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { ...held, reason: error.code, message: error.message };
  }
}

function reasonToHold(catalogue: Catalogue, store: string, { lines, buyer }: Sale): string | null {
  for (const { sku, held } of lines) {
    const [id] = productsOf(catalogue, store, sku);
    const product = findProduct(catalogue, id);
    if (held) return held;
    if (!product) return 'unknown_product';
    const name = licenseeFor(product, buyer);
    if ('held' in name) return name.held;
  }
  return toMailbox(buyer.email) ? null : 'bad_address';
}

/** The only store whose address is among the mail's recipients. */
function findStore(catalogue: Catalogue, raw: Buffer): string {
  const recipients = headersOf(raw, '(?:to|cc|delivered-to)').join().toLowerCase();
  const [name, ...others] = storesOf(catalogue).filter((store) =>
    recipients.includes(catalogue.providers[store]?.mail?.to.toLowerCase() ?? '\n'),
  );
  if (name !== undefined && others.length === 0) return name;
  throw new CommandError(
    `the mail is to no address of a store, or to several; name one with --store: ${storesOf(catalogue).join(', ')}`,
  );
}

const storesOf = ({ providers }: Catalogue) => Object.keys(providers).filter((name) => providers[name]?.mail);

function describe({ disposition, reason, order, message }: Result): string {
  const { items = [], ...fields } = order ?? {};
  const rows = [fields, ...items].flatMap((part) =>
    Object.entries(part).flatMap(([label, value]) => (value === undefined ? [] : [[label, String(value)]])),
  );
  return columns([[disposition, [reason, message].filter(Boolean).join(': ')], ...rows]);
}
