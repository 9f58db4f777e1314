/** The session of a verb that reads orders: catalogue, table and store of its target. */
import { findItem } from '../../../functions/core/operator/find.ts';
import { Refusal } from '../../../functions/core/operator/refusal.ts';
import type { Shown } from '../../../functions/core/order/view.ts';
import { readCatalogue, type Target, type TargetOptions, targetFrom } from '../cli/target.ts';
import { CommandError, type Terminal } from '../cli/terminal.ts';
import { openTable } from './table.ts';

type OrderSession = Awaited<ReturnType<typeof openSession>>;

export async function openSession(options: TargetOptions, terminal: Terminal) {
  const catalogue = await readCatalogue(terminal);
  const target = targetFrom(options, terminal.env);
  return { target, catalogue, ...(await openTable(target)) };
}

/** Finds an item by its key, by an alias, or by the provider's ID. Throws a CommandError unless it finds exactly one. */
export async function findShown(session: OrderSession, text: string): Promise<Shown> {
  try {
    return await findItem(session, text);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new CommandError(completed(error.message, session.target));
  }
}

/** Replaces the verbs in a message of the operator by command lines. */
export const completed = (message: string, target: Target): string =>
  message.replace(/`(orders [^`]+)`/g, (_, verb: string) => `\`${target.command(verb)}\``);
