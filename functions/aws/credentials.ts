/** Replaces the SDK's chain of credential providers in bundles: a Lambda has its credentials in the environment. */
import { fromEnv } from '@aws-sdk/credential-provider-env';

export const defaultProvider = fromEnv;
