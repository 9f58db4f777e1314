/** The actor of a manual action and the reason, for the audit entry that the order keeps. */
import { hostname, userInfo } from 'node:os';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { Actor } from '../../../functions/core/order/manual.ts';
import type { OptionsOf, Target, TargetOptions } from './target.ts';
import type { Terminal } from './terminal.ts';

/** Adds the option that gives the reason of a manual action. */
export const withWhyOption = <Args extends unknown[], Options extends OptionValues>(
  command: Command<Args, Options>,
) => command.option('--why <text>', 'the reason; kept with the order, with your name and the time');

export type WhyOptions = OptionsOf<typeof withWhyOption<[], TargetOptions>>;

/** Returns the actor. It asks AWS for the caller's identity, so call it before anything is changed. */
export async function actorOf(target: Target, terminal: Terminal, { why }: WhyOptions): Promise<Actor> {
  return { who: await fetchCaller(target, terminal), why: why ?? null };
}

/** Returns the caller's ARN; with --local, the user who is signed in on this machine. */
export async function fetchCaller({ local, config }: Target, { env }: Terminal): Promise<string> {
  if (local) return `${userName(env)}@${hostname()}`;
  const { Arn } = await new STSClient(config).send(new GetCallerIdentityCommand({}));
  return Arn ?? `${userName(env)}@${hostname()}`;
}

function userName({ USER, USERNAME }: Terminal['env']): string {
  try {
    return userInfo().username;
  } catch {
    // The system has no entry for the user, as in many containers.
    return USER ?? USERNAME ?? 'unknown';
  }
}
