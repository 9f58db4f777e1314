/** Calls the Lambda `operator`, which performs manual actions with the deployed catalogue and keys. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { LOCAL_NAMES } from '../../../functions/aws/local-names.ts';
import { CommandError } from './failure.ts';
import type { Names, Target } from './target.ts';

/** The Lambda ends after 30 s. */
const CALL_MS = 35_000;

/** Returns the function that performs a request. A person with the policy KeypostSupport may use the alias only. */
export function operatorOf(target: Target, names: Names): (request: object) => Promise<unknown> {
  // A second attempt could perform an action twice.
  const requestHandler = { ...target.config.requestHandler, requestTimeout: CALL_MS };
  const client = new LambdaClient({ ...target.config, maxAttempts: 1, requestHandler });
  let isSupport = false;
  const invoke = async (request: object): Promise<unknown> => {
    const output = () => names.output(isSupport ? 'SupportFunction' : 'OperatorFunction');
    const FunctionName = target.local ? LOCAL_NAMES.operator : output();
    const command = new InvokeCommand({ FunctionName, Payload: JSON.stringify(request) });
    const { Payload, FunctionError } = await client.send(command);
    if (!FunctionError) return JSON.parse(Buffer.from(Payload ?? []).toString());
    const log = target.local ? 'the output of `npm start`' : 'its log in CloudWatch';
    throw new CommandError(`the Lambda operator failed (${FunctionError}); ${log} has the cause`);
  };
  return async (request) => {
    try {
      return await invoke(request);
    } catch (error) {
      const isDenied = error instanceof Error && error.name === 'AccessDeniedException';
      if (!isDenied || isSupport || target.local) throw error;
      isSupport = true;
      return await invoke(request);
    }
  };
}
