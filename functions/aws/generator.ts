/** Calls the Lambda `generate`. The bundle of a catalogue without a program has a stub in this file's place. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import type { Generate } from '../core/serial/program.ts';

/** A few retries of redeliver follow, so one attempt is enough. */
const CALL_MS = 5_000;

export function lambdaGenerator(name: string): Generate {
  const client = new LambdaClient({ maxAttempts: 1 });
  return async (product, input, ms = CALL_MS) => {
    try {
      const event = { product, input: Buffer.from(input).toString('base64') };
      const { Payload, FunctionError } = await client.send(
        new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }),
        { abortSignal: AbortSignal.timeout(ms) },
      );
      if (FunctionError) return { fault: `its Lambda ended with ${FunctionError}` };
      return Answer.parse(JSON.parse(Buffer.from(Payload ?? []).toString()));
    } catch {
      return 'late';
    }
  };
}

const Answer = z.union([z.strictObject({ output: z.string() }), z.strictObject({ fault: z.string() })]);
