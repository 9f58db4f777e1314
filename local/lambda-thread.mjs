/** The thread of one Lambda: loads its bundle and calls its handler with each event. */
import { parentPort, workerData } from 'node:worker_threads';

const { handler } = await import(workerData);

parentPort.on('message', async ({ id, event }) => {
  try {
    parentPort.postMessage({ id, answer: await handler(event) });
  } catch (error) {
    parentPort.postMessage({ id, error });
  }
});
parentPort.postMessage('ready');
