/** Who does a thing by hand, and why: what an order remembers of it. */
import { hostname, userInfo } from 'node:os';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Command } from 'commander';
import type { Hand } from '../../../functions/core/order/audit.ts';
import type { Act } from '../../../functions/core/order/order.ts';
import type { Place } from './target.ts';
import type { Terminal } from './terminal.ts';

export interface WhyOptions {
  readonly why?: string;
}

/** With the option that says why. */
export const explained = (command: Command): Command =>
  command.option('--why <text>', 'kept with the order, beside your name and the time');

/** Whose act it is going to be. Asks AWS who calls, so before anything is changed. */
export async function byHand(
  place: Place,
  terminal: Terminal,
  what: Act['what'],
  { why }: WhyOptions,
): Promise<Hand> {
  return { what, who: await actor(place, terminal), why: why ?? null };
}

/** Whom AWS knows the caller as; on one machine, whoever is signed in there. */
export async function actor({ local, config }: Place, { env }: Terminal): Promise<string> {
  if (local) return `${userName(env)}@${hostname()}`;
  const { Arn } = await new STSClient(config).send(new GetCallerIdentityCommand({}));
  return Arn ?? `${userName(env)}@${hostname()}`;
}

function userName({ USER, USERNAME }: Terminal['env']): string {
  try {
    return userInfo().username;
  } catch {
    // Thrown where the system has no entry for the user, as in many containers.
    return USER ?? USERNAME ?? 'unknown';
  }
}
