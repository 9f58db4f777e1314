/** The settings of `npm start`, read from the environment. */
import { devNull } from 'node:os';
import { resolve } from 'node:path';
import { StartError } from '../bin/commands/cli/http.ts';
import { catalogueFile } from '../lib/build/load-catalogue.ts';

export interface Settings {
  readonly port: number;
  readonly awsPort: number;
  /** Undefined: the data stays in memory. */
  readonly dataDir: string | undefined;
  readonly catalogue: string;
}

/** Throws a StartError. Port 0 stands for any free port. */
export function settingsFrom(env: Readonly<Record<string, string | undefined>>): Settings {
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith('AWS_ENDPOINT_URL') && value && !isLoopback(value))
      throw new StartError(
        `${name} is ${value}, which is not this machine. Unset it: npm start must not reach a real account.`,
      );
  }
  const dataDir = env.DATA_DIR || '.data';
  return {
    port: parsePort(env, 'PORT', 3000),
    awsPort: parsePort(env, 'AWS_PORT', 4566),
    dataDir: dataDir === ':memory:' ? undefined : resolve(dataDir),
    catalogue: catalogueFile(env.KEYPOST_CONFIG || undefined),
  };
}

/**
 * Makes every AWS client of this process use the embedded AWS. It removes the developer's own AWS settings, because a
 * profile, an endpoint of one service or AWS_IGNORE_CONFIGURED_ENDPOINT_URLS would lead elsewhere.
 */
export function useEmbeddedAws(endpoint: string): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  });
}

function parsePort(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  fallback: number,
): number {
  const text = env[name] || String(fallback);
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new StartError(`${name} is ${text}: expected a number from 0 to 65535.`);
}

function isLoopback(url: string): boolean {
  return URL.canParse(url) && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
}
