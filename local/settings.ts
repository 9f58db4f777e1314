/** What the environment says of `npm start`, and what it must not say. */
import { devNull } from 'node:os';
import { resolve } from 'node:path';
import { catalogueFile } from '../lib/load-catalogue.ts';

export interface Settings {
  readonly port: number;
  readonly awsPort: number;
  /** Undefined where nothing is to be kept. */
  readonly dataDir: string | undefined;
  readonly catalogue: string;
}

/** Why there is no start; the message says what would do. */
export class StartError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StartError';
  }
}

/** Throws a StartError. A port of 0 is any free one. */
export function settingsFrom(env: Readonly<Record<string, string | undefined>>): Settings {
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith('AWS_ENDPOINT_URL') && value && !isLoopback(value)) {
      throw new StartError(
        `${name} is ${value}: not this machine. Unset it; nothing here may reach a real account.`,
      );
    }
  }
  const dataDir = env.DATA_DIR || '.data';
  return {
    port: port(env, 'PORT', 3000),
    awsPort: port(env, 'AWS_PORT', 4566),
    dataDir: dataDir === ':memory:' ? undefined : resolve(dataDir),
    catalogue: catalogueFile(env.KEYPOST_CONFIG || undefined),
  };
}

/**
 * From here on every AWS client in this process has the embedded AWS. Whatever else the developer has set for AWS would
 * only lead elsewhere: a profile, an endpoint of one service, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS.
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

function port(env: Readonly<Record<string, string | undefined>>, name: string, usual: number): number {
  const text = env[name] || String(usual);
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new StartError(`${name} is ${text}: a number from 0 to 65535 would do.`);
}

function isLoopback(url: string): boolean {
  return URL.canParse(url) && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
}
