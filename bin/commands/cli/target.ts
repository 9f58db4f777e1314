/** The target of a command: the deployed stack, found by its outputs, or the AWS of `npm start`. */
import type { Command, OptionValues } from '@commander-js/extra-typings';
import { LOCAL_NAMES } from '../../../functions/aws/local-names.ts';
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import { CommandError } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** The stack's name in bin/app.ts unless the catalogue has another. */
const STACK = 'Keypost';

/** Adds the options that select the target. Call it first: `withTargetOptions(new Command('list'))`. */
export const withTargetOptions = (command: Command) =>
  command
    .option('--local', 'the Keypost of `npm start` on this machine')
    .option('--stack <name>', 'the deployed stack; the one of the catalogue unless given');

export type TargetOptions = OptionsOf<typeof withTargetOptions>;

/** The type of the options that a command declares, so that renaming a flag breaks the code that reads it. */
export type OptionsOf<Define extends (...args: never) => { opts(): OptionValues }> = ReturnType<
  ReturnType<Define>['opts']
>;

export interface Names {
  readonly table: string;
  readonly productKeys: string;
  readonly providerKeys: string;
  readonly configurationSet: string;
  /** Returns an output of the stack. Throws a CommandError if there is none, as on this machine. */
  output(name: string): string;
  /** Returns the webhook address of a provider; undefined if the stack was deployed without it. */
  webhook(provider: string): string | undefined;
}

export interface Target {
  readonly local: boolean;
  /** The address of `npm start`; undefined for a deployed stack. */
  readonly page?: string;
  /** The settings of every AWS client. */
  readonly config: ClientConfig;
  /** Returns the command line that runs a verb against the same target. */
  command(verb: string): string;
  /** The option with which the AWS command line reaches the same target. */
  readonly awsOption: string;
  /** Throws a CommandError if the stack does not exist. */
  names(): Promise<Names>;
}

export const targetFrom = ({ local, stack }: TargetOptions, env: Terminal['env']): Target =>
  local ? localTarget(env) : deployedTarget(stack, env);

/** Reads the catalogue that KEYPOST_CONFIG names. Throws a CatalogueError. */
export async function readCatalogue({ env }: Pick<Terminal, 'env'>): Promise<Catalogue> {
  // Loaded lazily: it loads all providers, and not every verb needs it.
  const { catalogueFile, loadCatalogue } = await import('../../../lib/build/load-catalogue.ts');
  return await loadCatalogue(catalogueFile(env.KEYPOST_CONFIG || undefined));
}

function deployedTarget(stack: string | undefined, env: Terminal['env']): Target {
  const option = stack === undefined ? '' : ` --stack ${stack}`;
  return {
    local: false,
    config: CLIENT_CONFIG,
    command: (verb) => `npm run keypost -- ${verb}${option}`,
    awsOption: '',
    names: async () => await namesOf(stack ?? (await readCatalogue({ env })).stack ?? STACK),
  };
}

function localTarget(env: Terminal['env']): Target {
  const endpoint = `http://localhost:${env.AWS_PORT || 4566}`;
  const page = `http://localhost:${env.PORT || 3000}`;
  return {
    local: true,
    page,
    config: {
      ...CLIENT_CONFIG,
      endpoint,
      region: 'us-east-1',
      // The local AWS accepts any credentials, and the developer's own are not read.
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    },
    command: (verb) => `npm run keypost -- ${verb} --local`,
    awsOption: ` --endpoint-url ${endpoint}`,
    names: async () => ({
      ...LOCAL_NAMES,
      output: (name) => {
        throw new CommandError(`--local has no stack, so it has no output ${name}`);
      },
      webhook: (provider) => `${page}/orders/${provider}`,
    }),
  };
}

/** Short timeouts: a person waits for the command. */
const CLIENT_CONFIG = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 3_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
};
type ClientConfig = typeof CLIENT_CONFIG & {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
};

async function namesOf(stack: string): Promise<Names> {
  const outputs = await fetchOutputs(stack);
  const named = (name: string) => {
    const value = outputs.get(name);
    if (value) return value;
    throw new CommandError(
      `the stack ${stack} has no output ${name}; run \`npx cdk deploy\`, or name another stack with --stack`,
    );
  };
  return {
    table: named('OrdersTable'),
    productKeys: named('ProductKeysSecret'),
    providerKeys: named('ProviderKeysSecret'),
    configurationSet: named('ConfigurationSet'),
    output: named,
    webhook: (provider) => [...outputs.values()].find((value) => value.endsWith(`/orders/${provider}`)),
  };
}

async function fetchOutputs(StackName: string): Promise<ReadonlyMap<string, string>> {
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  try {
    const { Stacks } = await new CloudFormationClient(CLIENT_CONFIG).send(
      new DescribeStacksCommand({ StackName }),
    );
    const outputs = Stacks?.[0]?.Outputs ?? [];
    return new Map(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (error) {
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
    if (!(error instanceof Error && error.name === 'ValidationError')) throw error;
    throw new CommandError(
      `there is no stack ${StackName} in this account and region; run \`npx cdk deploy\`, name another stack ` +
        'with --stack, or use --local for `npm start`',
    );
  }
}
