/** `revoked export` writes the signed list of a product's licences that are not valid any more. */
import { Command } from '@commander-js/extra-typings';
import { productKeys } from '../../../functions/core/catalogue/keys.ts';
import { paymentOf } from '../../../functions/core/order/due.ts';
import type { Item } from '../../../functions/core/order/types.ts';
import { licenceId, seedOf, signRevoked } from '../../../functions/core/serial/ed25519.ts';
import { CommandError } from '../cli/failure.ts';
import { readSecret } from '../cli/secret.ts';
import { readCatalogue, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { findProduct } from '../keys/change.ts';
import { noKey } from '../keys/generate.ts';
import { everyItem, openTable } from '../orders/table.ts';
import { output } from './export.ts';

export const revokedExport = (terminal: Terminal) =>
  withTargetOptions(new Command('export'))
    .argument('<product>', 'a product of kind ed25519')
    .description('write the signed list of revoked licences: replaced, refunded and disputed ones')
    .option('--out <file>', 'write to this file instead of standard output')
    .addHelpText('after', HELP)
    .action(async (name, { out, ...options }) => {
      const target = targetFrom(options, terminal.env);
      const serial = findProduct(await readCatalogue(terminal), name)?.serial;
      if (serial?.kind !== 'ed25519')
        throw new CommandError(`${name} has no signed licences; only products of kind ed25519 have them`);
      const versions = productKeys(await readSecret(target, (await target.names()).productKeys))[name] ?? [];
      const newest = [...versions].sort((one, other) => other.version - one.version)[0];
      const seed = newest && seedOf(newest.key);
      if (!seed) throw noKey(target, name);
      const ids: Buffer[] = [];
      const { table } = await openTable(target);
      for await (const items of everyItem(table, { isConsistent: true }))
        ids.push(...items.flatMap((item) => revokedIds(item, name)));
      const text = signRevoked(
        { product: serial.product, listedAt: Date.now(), ids },
        { number: newest.version, seed },
      );
      await output(terminal, out, [text]);
    });

const HELP = `
Publish the file where the app may fetch it. An app must also work without it. The
command reads the whole table, which DynamoDB bills.

Example:
  npm run keypost -- revoked export widgetpro-mac --out revoked.txt`;

/** The IDs of the order's licences that were replaced, and of all if the order is refunded or disputed. */
function revokedIds(item: Item, product: string): Buffer[] {
  if (item.kind !== 'order' || item.test) return [];
  const isInForce = ['paid', 'partly_refunded'].includes(paymentOf(item));
  return item.lines.flatMap((line) => {
    if (line.product !== product) return [];
    const last = line.state === 'issued' ? line.issued.n : line.state === 'erased' ? (line.issues ?? 0) : 0;
    const revoked = Math.max(0, isInForce ? last - 1 : last);
    return Array.from({ length: revoked }, (_, at) => licenceId(item.key, line.id - 1, at + 1));
  });
}
