/** The thread of one Lambda: loads what was built, and calls its handler with each event that comes. */
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
