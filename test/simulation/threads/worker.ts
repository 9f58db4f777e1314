/** Runs chunks one after the other in a worker thread. A bundle exports `runChunk`. */
import { parentPort } from 'node:worker_threads';
import { runChunk } from './chunk.ts';

export { runChunk };

export interface Task {
  readonly seed: number;
  readonly chunk: number;
  readonly orders: number;
}

parentPort?.on('message', (task: Task | 'over') => {
  if (task === 'over') process.exit();
  runChunk(task).then(
    (result) => parentPort?.postMessage(result),
    (error: unknown) => {
      throw error;
    },
  );
});
