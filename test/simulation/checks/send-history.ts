/** Records every send and checks it: it holds a lease, runs alone, is not too early, and follows no full reversal. */
import type { Send as OrderSend } from '../../../functions/core/order/types.ts';
import type { Write } from '../aws/table.ts';
import { PERSON } from '../processes/operator.ts';
import { nowOf, type Process } from '../processes/process.ts';
import type { Sim } from '../world/sim.ts';
import { isOpen, type Send, shares, waitAfter } from './send.ts';

interface Lease {
  readonly at: number;
  readonly send: OrderSend;
  used: boolean;
}

const LEASE_MS = 120_000;
const OLDEST_MS = (72 + 1) * 3_600_000;

/** @param isReversed returns true if a full reversal was acknowledged before that time. */
export function sendHistory(sim: Sim, isReversed: (key: string, at: number) => boolean) {
  const sends = new Map<string, Send[]>();
  /** By key: the sends whose sender may still be working. */
  const open = new Map<string, Send[]>();
  const byProcess = new Map<string, Send[]>();
  const leases = new Map<string, Lease>();
  const dueSince = new Map<string, number>();
  /** The times at which the operator asked for a mail again. */
  const resent = new Map<string, number[]>();
  const erased = new Map<string, number>();
  const of = (key: string) => sends.get(key) ?? [];
  const by = ({ id }: Process, key: string) => byProcess.get(`${id} ${key}`) ?? [];
  const add = (lists: Map<string, Send[]>, key: string, send: Send) => {
    const list = lists.get(key);
    if (list) list.push(send);
    else lists.set(key, [send]);
  };
  const isResent = (key: string, from: number, to: number) =>
    (resent.get(key) ?? []).some((at) => from <= at && at <= to);

  function mayFollow(last: Send, next: Pick<Send, 'key' | 'n' | 'to' | 'carries' | 'startedAt'>): void {
    const { key, startedAt } = next;
    const isKnown = (last.markedAt !== undefined && last.answeredAt !== undefined) || last.events.length > 0;
    // Only a person repeats a mail that SES has refused or reported; a mail to another address waits only for one in flight.
    const isOther = last.to !== next.to || isResent(key, last.startedAt, startedAt);
    if (isKnown && (isOther || last.events.length > 0)) return;
    // A mail that SES has certainly not accepted is replaced by one with more lines.
    const isMore = next.carries.some((one) => !shares({ carries: [one] }, last));
    const surelyNot = ['throttled', 'unreachable', 'account'].includes(last.answered ?? '');
    if (isKnown && surelyNot && last.n !== next.n && isMore) return;
    const from = isKnown ? (last.answeredAt ?? 0) : last.leaseAt;
    const wait = isKnown ? waitAfter(last) : LEASE_MS;
    if (startedAt - from < wait - 2 * sim.faultProfile.drift)
      sim.violation(`no second try before its time (${last.answered ?? 'no answer'})`, key);
  }

  function takeLease(process: Process, { before, after }: Write, send: OrderSend): void {
    const { key } = after;
    if (before?.kind === 'order' && before.sends.some((one) => forbids(one, send, nowOf(sim, process))))
      sim.violation('no mail starts before it is due', key);
    leases.set(`${process.id} ${key}`, {
      at: sim.clock.now - sim.faultProfile.seenWithin,
      send,
      used: false,
    });
  }

  return {
    of,
    /** True if the operator asked for a second mail between these times. */
    isResent,

    wrote(write: Write): void {
      const { process, before, after } = write;
      if (after.kind !== 'order' || (before && before.kind !== 'order')) return;
      const { key } = after;
      const now = sim.clock.now;
      if (after.erasedAt && !erased.has(key)) erased.set(key, now);
      const known = (n: number) => before?.sends.find((one) => one.n === n);
      const dismissed = before ? after.sends.filter((one) => one.dismissed && !known(one.n)?.dismissed) : [];
      if (dismissed.length > 0) {
        const isOver = dismissed.every(({ state }) => state === 'accepted' || state === 'refused');
        if (!isOver) sim.violation('no mail in flight is repeated', key);
        if (!process.id.startsWith(PERSON)) sim.violation('no write removes a sent mail', key);
        resent.set(key, [...(resent.get(key) ?? []), now]);
      }
      // A write that marks the outcome may take effect after its sender has timed out.
      const isMark = ({ n }: Send) =>
        known(n)?.state === 'in_flight' &&
        after.sends.some((one) => one.n === n && one.state !== 'in_flight');
      for (const send of by(process, key))
        if (send.answered && (!send.unmarked || isMark(send))) send.markedAt ??= now;
      const { outbox } = after;
      if (!outbox || process.id.startsWith(PERSON)) dueSince.delete(key);
      if (outbox && !dueSince.has(key)) dueSince.set(key, now);
      for (const send of after.sends)
        if (send.state === 'in_flight' && send.tries !== known(send.n)?.tries)
          takeLease(process, write, send);
    },

    failed(process: Process, key: string): void {
      for (const send of by(process, key)) if (send.answered) send.unmarked ??= true;
    },

    /** Its outcome changed nothing, or another process had the lease by then. */
    left(process: Process, key: string): void {
      // Of several mails of the order, a process has marked the earlier ones already, or failed to.
      const send = by(process, key).at(-1);
      if (!send?.answered) return;
      if (send.answered === 'sent') send.markedAt ??= sim.clock.now;
      send.left = true;
    },

    started(process: Process, key: string, mail: Pick<Send, 'id' | 'n' | 'text' | 'to' | 'subject'>): Send {
      const lease = leases.get(`${process.id} ${key}`);
      const now = sim.clock.now;
      if (!lease || lease.used || lease.send.n !== mail.n) sim.violation('no mail without a lease', key);
      if ((erased.get(key) ?? now) < (lease?.at ?? now)) sim.violation('no mail after an erasure', key);
      // A previous owner gets the mail about the transfer in any case.
      if (lease?.send.about !== 'moved' && isReversed(key, lease?.at ?? now))
        sim.violation('no mail for a reversed order', key);
      if (now - (dueSince.get(key) ?? now) > OLDEST_MS) sim.violation('a mail of 72 hours is held', key);
      const send: Send = {
        key,
        process,
        ...mail,
        tries: lease?.send.tries ?? 1,
        about: lease?.send.about ?? 'serials',
        carries: lease?.send.carries ?? [],
        events: [],
        startedAt: now,
        leaseAt: lease?.at ?? now,
      };
      const working = (open.get(key) ?? []).filter(isOpen);
      if (working.some((one) => shares(one, send))) sim.violation('a line has one sender at a time', key);
      const last = of(key).findLast((one) => shares(one, send));
      if (last) mayFollow(last, send);
      if (lease) lease.used = true;
      add(sends, key, send);
      add(byProcess, `${process.id} ${key}`, send);
      open.set(key, [...working, send]);
      return send;
    },
  };
}

/** Whether `next` may not start at `now`, because the other mail carries the same serial of a line. */
function forbids(one: OrderSend, next: OrderSend, now: number): boolean {
  if (!shares(one, next)) return false;
  if (one.state === 'in_flight') return Date.parse(one.until) > now;
  if (one.to !== next.to || one.dismissed) return false;
  if (one.state === 'accepted' || one.state === 'refused') return true;
  return Date.parse(one.until) > now && (one.state === 'unknown' || one.n === next.n);
}

export type SendHistory = ReturnType<typeof sendHistory>;
