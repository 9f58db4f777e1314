/** One send: what came of it, what is known of that, and what may follow. */
import type { SendOutcome } from '../../functions/core/world.ts';
import type { Process } from './process.ts';

export interface Send {
  readonly key: string;
  /** SES's. */
  readonly id: string;
  readonly process: Process;
  /** As the order was when this sender took it. */
  readonly attempts: number;
  readonly version: number;
  readonly skus: readonly string[];
  readonly startedAt: number;
  readonly leaseAt: number;
  readonly text: string;
  readonly to: string;
  readonly subject: string;
  /** What SES told of it and was heard. */
  readonly events: { readonly kind: string; readonly at: number }[];
  acceptedAt?: number;
  answered?: SendOutcome['kind'];
  answeredAt?: number;
  /** Since when the table knows what came of it. */
  markedAt?: number;
  /** The write that should have said it has failed. */
  unmarked?: boolean;
  /** Over without a write: another fact had made it needless. */
  left?: boolean;
}

const WAITS: Readonly<Record<string, number>> = { unknown: 600_000, account: 900_000 };

/** Whether its sender may still be at it. */
export const isOpen = ({ process, markedAt, unmarked, left }: Send) =>
  process.alive && markedAt === undefined && !unmarked && !left;

/** The least there must be between an answer and the next try. */
export function waitAfter({ answered = 'sent', attempts }: Send): number {
  if (answered === 'refused') return Number.POSITIVE_INFINITY;
  if (answered === 'sent') return 0;
  return WAITS[answered] ?? Math.min(900_000, 5_000 * 2 ** Math.min(attempts - 1, 10)) / 2;
}

/** Why there was a mail after this one, which had gone out; undefined if there should have been none. */
export function excuse(first: Send, next: Send, isResent: boolean): string | undefined {
  if (isResent || first.to !== next.to) return 'a person sent it again';
  if (first.events.some(({ at }) => at <= next.leaseAt)) return undefined;
  if (first.answered === 'unknown') return 'nobody could know: its answer was lost';
  if (first.answered === undefined)
    return first.process.alive ? undefined : 'the process died before the answer came';
  if (first.answered !== 'sent' || (first.markedAt ?? Number.POSITIVE_INFINITY) <= next.leaseAt)
    return undefined;
  if (!first.process.alive) return 'the process died between the answer and the write';
  return first.unmarked ? 'the write behind the answer was lost' : undefined;
}
