/** Replaces the SDK's reader of `~/.aws/config` and `~/.aws/credentials` in bundles: a Lambda has neither file. */
export const CONFIG_PREFIX_SEPARATOR = '.';

export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });
