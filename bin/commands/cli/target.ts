/** What a command works on: the deployed stack, found by its outputs, or the AWS of `npm start`. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { TABLE } from '../../../local/aws/orders-table.ts';
import { PRODUCT_KEYS, PROVIDER_KEYS } from '../../../local/keys.ts';
import { CommandError } from './failure.ts';

/** The name of the stack in bin/app.ts. */
export const STACK = 'Keypost';

export interface PlaceOptions {
  readonly local?: boolean;
  readonly stack: string;
}

export interface Names {
  readonly table: string;
  readonly productKeys: string;
  readonly providerKeys: string;
  readonly configurationSet: string;
  /** What the stack says under the name; on one machine there is no stack. Throws a CommandError where it says nothing. */
  output(name: string): string;
  /** Where a provider calls; undefined where the stack was deployed without it. */
  webhook(provider: string): string | undefined;
}

export interface Place {
  readonly local: boolean;
  /** Where `npm start` answers; undefined for a deployed stack. */
  readonly page?: string;
  /** For every AWS client. */
  readonly config: ClientConfig;
  /** How the verb is said to reach the same. */
  command(verb: string): string;
  /** What AWS's command line needs to reach the same. */
  readonly awsOption: string;
  /** Throws a CommandError where there is no such stack. */
  names(): Promise<Names>;
}

export function placeOf(
  { local = false, stack }: PlaceOptions,
  env: Readonly<Record<string, string | undefined>>,
): Place {
  return local ? thisMachine(env) : deployed(stack);
}

function deployed(stack: string): Place {
  const option = stack === STACK ? '' : ` --stack ${stack}`;
  return {
    local: false,
    config: PATIENCE,
    command: (verb) => `npx --no keypost ${verb}${option}`,
    awsOption: '',
    names: () => outputsOf(stack),
  };
}

function thisMachine(env: Readonly<Record<string, string | undefined>>): Place {
  const endpoint = `http://localhost:${env.AWS_PORT || 4566}`;
  const page = `http://localhost:${env.PORT || 3000}`;
  return {
    local: true,
    page,
    config: embedded(endpoint),
    command: (verb) => `npx --no keypost ${verb} --local`,
    awsOption: ` --endpoint-url ${endpoint}`,
    names: async () => ({
      table: TABLE,
      productKeys: PRODUCT_KEYS,
      providerKeys: PROVIDER_KEYS,
      configurationSet: CONFIGURATION_SET,
      output: (name) => {
        throw new CommandError(`there is no stack on this machine that could say its ${name}`);
      },
      webhook: (provider) => `${page}/orders/${provider}`,
    }),
  };
}

/** As in local/start.ts. */
const CONFIGURATION_SET = 'keypost';

interface ClientConfig {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: number;
  readonly requestHandler: {
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly throwOnRequestTimeout: boolean;
  };
}

/** Somebody sits and waits. */
const PATIENCE: ClientConfig = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 3_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
};

/** Any credentials do, and nothing of the developer's own is looked at. */
const embedded = (endpoint: string): ClientConfig => ({
  ...PATIENCE,
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});

async function outputsOf(stack: string): Promise<Names> {
  const outputs = await describe(stack);
  const named = (name: string) => {
    const value = outputs.get(name);
    if (value) return value;
    throw new CommandError(
      `the stack ${stack} has no output ${name}; \`npx cdk deploy\` makes it, --stack names another stack`,
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

async function describe(StackName: string): Promise<ReadonlyMap<string, string>> {
  try {
    const { Stacks } = await new CloudFormationClient(PATIENCE).send(
      new DescribeStacksCommand({ StackName }),
    );
    const outputs = Stacks?.[0]?.Outputs ?? [];
    return new Map(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (error) {
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
    if (!(error instanceof Error && error.name === 'ValidationError')) throw error;
    throw new CommandError(
      `there is no stack ${StackName} in this account and region; \`npx cdk deploy\` makes it, --local means this machine, ` +
        '--stack names another',
    );
  }
}
