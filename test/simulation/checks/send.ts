/** One send: its outcome, who knows it, and which sends may follow. */

import type { SendOutcome } from '../../../functions/core/order/sends.ts';
import type { Carried, Send as OrderSend } from '../../../functions/core/order/types.ts';
import type { Process } from '../processes/process.ts';

export interface Send {
  readonly key: string;
  readonly id: string;
  /** The ID that SES gave the mail, as far as it is known. */
  messageId?: string;
  readonly process: Process;
  /** The ordinal of the mail in the order. Each of its tries is a send of its own here. */
  readonly n: number;
  readonly tries: number;
  readonly about: OrderSend['about'];
  readonly carries: readonly Carried[];
  readonly startedAt: number;
  readonly leaseAt: number;
  readonly text: string;
  readonly to: string;
  readonly subject: string;
  /** The events of SES that the Lambda has processed. */
  readonly events: { readonly kind: string; readonly at: number }[];
  acceptedAt?: number;
  answered?: SendOutcome['kind'];
  answeredAt?: number;
  /** The time since which the table has the outcome. */
  markedAt?: number;
  /** True if the write of the outcome has failed. */
  unmarked?: boolean;
  /** True if it ended without a write because another fact made it unnecessary. */
  left?: boolean;
}

/** Whether both mails carry the same serial of a line. */
export const shares = (one: Pick<Send, 'carries'>, other: Pick<Send, 'carries'>): boolean =>
  one.carries.some(({ line, issue }) =>
    other.carries.some((two) => two.line === line && two.issue === issue),
  );

const WAITS: Readonly<Record<string, number>> = { unknown: 600_000, account: 60_000 };

/** True while its sender may still be working. */
export const isOpen = ({ process, markedAt, unmarked, left }: Send) =>
  process.alive && markedAt === undefined && !unmarked && !left;

/** The shortest wait between a response and the next attempt. */
export function waitAfter({ answered = 'sent', tries }: Send): number {
  if (answered === 'refused') return Number.POSITIVE_INFINITY;
  if (answered === 'sent') return 0;
  return WAITS[answered] ?? Math.min(900_000, 5_000 * 2 ** Math.min(tries - 1, 10)) / 2;
}

/** Returns why a second mail was allowed; undefined if it was not. */
export function excuse(first: Send, next: Send, isResent: boolean): string | undefined {
  if (isResent || first.to !== next.to) return 'a person sent it again';
  if (first.events.some(({ at }) => at <= next.leaseAt)) return undefined;
  if (first.answered === 'unknown') return 'its answer was lost';
  if (first.answered === undefined)
    return first.process.alive ? undefined : 'the process died before the answer came';
  if (first.answered !== 'sent' || (first.markedAt ?? Number.POSITIVE_INFINITY) <= next.leaseAt)
    return undefined;
  if (!first.process.alive) return 'the process died between the answer and the write';
  return first.unmarked ? 'the write behind the answer was lost' : undefined;
}
