/** Records every send and checks it: it holds a lease, runs alone, is not too early, and follows no full reversal. */
import { isAlias, isWaiting, type Order } from '../../functions/core/order/order.ts';
import { nowOf, type Process } from './process.ts';
import { isStopped } from './reversals.ts';
import { isOpen, type Send, waitAfter } from './send.ts';
import type { Sim } from './sim.ts';
import type { Write } from './table.ts';

interface Lease {
  readonly at: number;
  readonly order: Order;
  used: boolean;
}

const LEASE_MS = 120_000;
const WON_MS = 600_000;
const OLDEST_MS = (72 + 1) * 3_600_000;

/** @param isReversed returns true if a full reversal was acknowledged before that time. */
export function sendHistory(sim: Sim, isReversed: (key: string, at: number) => boolean) {
  const sends = new Map<string, Send[]>();
  const leases = new Map<string, Lease>();
  const dueSince = new Map<string, number>();
  /** The time of the last release by the operator. */
  const afresh = new Map<string, number>();
  const resent = new Map<string, number[]>();
  const wonAt = new Map<string, number>();
  const versions = new Map<string, Order>();
  const startAfresh = (key: string, now: number) => {
    afresh.set(key, now);
    dueSince.delete(key);
  };
  const of = (key: string) => sends.get(key) ?? [];
  const held = (process: Process, key: string) => leases.get(`${process.id} ${key}`);

  function mayFollow(key: string, last: Send, now: number): void {
    if ((afresh.get(key) ?? 0) >= last.startedAt) return;
    const slack = 2 * sim.faultProfile.drift;
    const won = wonAt.get(key) ?? 0;
    if (won >= last.startedAt) {
      if (last.answered === 'unknown' && now - won < WON_MS - slack)
        sim.violation('no second try at once where a dispute is won', key);
      return;
    }
    const known = last.markedAt !== undefined && last.answeredAt !== undefined;
    const from = known ? (last.answeredAt ?? 0) : last.leaseAt;
    const wait = known ? waitAfter(last) : LEASE_MS;
    if (now - from < wait - slack) sim.violation(`no second try before its time (${last.answered})`, key);
  }

  return {
    of,
    /** True if the operator asked for a second mail between these times. */
    isResent: (key: string, from: number, to: number) =>
      (resent.get(key) ?? []).some((at) => from <= at && at <= to),

    wrote({ process, before, after }: Write): void {
      if (isAlias(after) || (before && isAlias(before))) return;
      const { key } = after;
      const now = sim.clock.now;
      versions.set(`${key} ${after.version}`, after);
      if (process.id.startsWith('d')) startAfresh(key, now);
      if (before && isStopped(before.status) && !isStopped(after.status)) wonAt.set(key, now);
      if (before && forgets(before, after)) {
        if (!/^[de]/.test(process.id)) sim.violation('nobody forgets what was sent', key);
        resent.set(key, [...(resent.get(key) ?? []), now]);
      }
      // A write that marks the outcome moves `dueAt`, and may take effect after its sender has timed out.
      const isMark = before?.dueAt !== after.dueAt && before?.status === after.status;
      for (const send of of(key)) {
        if (send.process === process && send.answered && (isMark || !send.unmarked)) send.markedAt ??= now;
      }
      if (!after.dueAt) dueSince.delete(key);
      else if (!dueSince.has(key)) dueSince.set(key, now);
      const isFirst = !before?.dueAt && after.dueAt !== undefined && after.mail.attempts > 0;
      if (!isFirst && after.mail.attempts <= (before?.mail.attempts ?? 0)) return;
      if (before?.dueAt && Date.parse(before.dueAt) > nowOf(sim, process))
        sim.violation('nobody takes what is not due', key);
      leases.set(`${process.id} ${key}`, {
        at: now - sim.faultProfile.seenWithin,
        order: after,
        used: false,
      });
    },

    failed(process: Process, key: string): void {
      for (const send of of(key)) if (send.process === process && send.answered) send.unmarked ??= true;
    },

    /** Its outcome changed nothing, or another process had the lease by then. */
    left(process: Process, key: string): void {
      for (const send of of(key)) {
        if (send.process !== process || !send.answered) continue;
        if (send.answered === 'sent') send.markedAt ??= sim.clock.now;
        send.left = true;
      }
    },

    started(
      process: Process,
      key: string,
      mail: Pick<Send, 'id' | 'version' | 'text' | 'to' | 'subject'>,
    ): Send {
      const lease = held(process, key);
      const now = sim.clock.now;
      if (!lease || lease.used) sim.violation('no mail without a lease', key);
      if (isReversed(key, lease?.at ?? now)) sim.violation('no mail for what is given back', key);
      if (now - (dueSince.get(key) ?? now) > OLDEST_MS) sim.violation('after three days a person looks', key);
      // The lines of the mailed version, which may be newer than the lease and not seen yet.
      const skusNow = () => {
        const { lines = [] } = versions.get(`${key} ${mail.version}`) ?? lease?.order ?? {};
        return lines.filter(isWaiting).map(({ sku }) => sku);
      };
      const skus = skusNow();
      const same = of(key).filter((send) => skus.some((sku) => send.skus.includes(sku)));
      if (same.some(isOpen)) sim.violation('never two senders of one line at once', key);
      const last = same.at(-1);
      if (last) mayFollow(key, last, now);
      if (lease) lease.used = true;
      const send: Send = {
        key,
        process,
        ...mail,
        attempts: lease?.order.mail.attempts ?? 1,
        events: [],
        get skus() {
          return skusNow();
        },
        startedAt: now,
        leaseAt: lease?.at ?? now,
      };
      sends.set(key, [...of(key), send]);
      return send;
    },
  };
}

const forgets = (before: Order, after: Order) =>
  before.lines.some(({ sku, sent }) => sent && !after.lines.some((line) => line.sku === sku && line.sent));

export type SendHistory = ReturnType<typeof sendHistory>;
