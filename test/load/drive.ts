/** Sends requests at a steady pace, with a limited number in flight. */
import { setTimeout as sleep } from 'node:timers/promises';
import { postRequest } from '../../functions/providers/simulate.ts';
import type { Shot } from './traffic.ts';

export interface Heard extends Pick<Shot, 'kind' | 'key' | 'expected'> {
  /** 0 where there was no answer. */
  readonly status: number;
  readonly ms: number;
}

export interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
  readonly atOnce: number;
}

/** @param hear is called with each response. */
export async function drive(
  { perSecond, seconds, atOnce }: Pace,
  next: () => Shot,
  hear: (heard: Heard) => void,
): Promise<void> {
  const began = performance.now();
  const onTheirWay = new Set<Promise<void>>();
  for (let sent = 0; performance.now() - began < seconds * 1_000; sent += 1) {
    const early = (sent * 1_000) / perSecond - (performance.now() - began);
    if (early > 1) await sleep(early);
    if (onTheirWay.size >= atOnce) await Promise.race(onTheirWay);
    const one = shoot(next())
      .then(hear)
      .finally(() => onTheirWay.delete(one));
    onTheirWay.add(one);
  }
  await Promise.all(onTheirWay);
}

async function shoot({ kind, key, expected, address, request }: Shot): Promise<Heard> {
  const began = performance.now();
  // The report lists a broken connection.
  const status = await postRequest(address, request).then(
    (answer) => answer.status,
    () => 0,
  );
  return { kind, key, expected, status, ms: performance.now() - began };
}
