import type { SESClient } from '@aws-sdk/client-ses';
import { connect } from './ses.ts';

/** INIT runs at full CPU and is cut at 10 s; the first order must not wait for what cannot be had. */
const MOST_MS = 2_500;

/**
 * Opens what the first order needs while the Lambda starts. Whatever fails here is tried again, and told, by the order
 * that needs it: a failing INIT would lose orders that a slow one serves.
 */
export async function warm(reads: readonly Promise<unknown>[], ses: SESClient): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise((resolve) => {
    timer = setTimeout(resolve, MOST_MS);
  });
  await Promise.race([Promise.allSettled([...reads, connect(ses)]), enough]);
  clearTimeout(timer);
}
