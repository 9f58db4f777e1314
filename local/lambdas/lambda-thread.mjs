/** The thread of one Lambda: loads its bundle and calls its handler with each event. */
import { parentPort, workerData } from 'node:worker_threads';

/** Seconds: `PUT /local/clock` moves the clock of the Lambdas. */
let ahead = 0;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...values) {
    super(...(values.length > 0 ? values : [globalThis.Date.now()]));
  }
  static now() {
    return RealDate.now() + ahead * 1_000;
  }
};

const { handler } = await import(workerData);

parentPort.on('message', async ({ id, event, context, ahead: moved }) => {
  if (moved !== undefined) {
    ahead = moved;
    return;
  }
  try {
    parentPort.postMessage({ id, answer: await handler(event, context) });
  } catch (error) {
    parentPort.postMessage({ id, error });
  }
});
parentPort.postMessage('ready');
