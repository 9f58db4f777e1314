/** Replaces the SDK's chain of credential providers in bundles: a Lambda has its credentials in the environment. */
import { fromEnv } from '@aws-sdk/credential-provider-env';

/** Reads the environment once: it does not change while the process runs, and each read of a variable costs CPU. */
export const defaultProvider: typeof fromEnv = (init) => {
  const read = fromEnv(init);
  let found: ReturnType<typeof read> | undefined;
  return async () => {
    try {
      found ??= read();
      return await found;
    } catch (error) {
      found = undefined;
      throw error;
    }
  };
};
