/** Secrets Manager: the operations that Keypost and a seller use, in JSON 1.1. */
import { createHash, randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { type Files, parseJson } from '../files.ts';
import { type AwsAnswer, AwsError, type AwsRequest } from './answer.ts';
import type { FaultSwitch } from './faults.ts';

const Secret = z.object({ value: z.string(), versionId: z.string(), changedAt: z.number() });
type Secret = z.output<typeof Secret>;

const text = z.optional(z.string());
const Input = z.object({
  SecretId: text,
  Name: text,
  SecretString: text,
  VersionStage: text,
  ClientRequestToken: text,
});
type Input = z.output<typeof Input>;

export type SecretsManager = ReturnType<typeof secretsManager>;

const FILE = 'secrets.json';

export function secretsManager(files: Files, faults: FaultSwitch) {
  const stored = parseJson(z.record(z.string(), Secret), files.read(FILE) ?? '{}', files.path(FILE));
  const secrets = new Map(Object.entries(stored));
  const store = (
    name: string,
    { SecretString: value, ClientRequestToken: versionId = randomUUID() }: Input,
  ) => {
    if (value === undefined)
      throw new AwsError('InvalidParameterException', 'You must provide SecretString.');
    secrets.set(name, { value, versionId, changedAt: Date.now() / 1000 });
    files.write(FILE, JSON.stringify(Object.fromEntries(secrets)));
    return { ARN: arnOf(name), Name: name, VersionId: versionId };
  };
  const operations = operationsOn(secrets, store);
  return {
    answer({ headers, body }: AwsRequest): AwsAnswer {
      try {
        if (!headers.authorization)
          throw new AwsError(
            'MissingAuthenticationTokenException',
            'Request is missing Authentication Token',
          );
        if (faults.now().secretsmanager === 'down')
          throw new AwsError('InternalServiceError', 'An error occurred on the server side.', 500);
        const name = String(headers['x-amz-target']).replace('secretsmanager.', '');
        const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
        if (!operation) throw new AwsError('UnknownOperationException', `${name} is not emulated here`);
        return json(200, operation(inputOf(body)));
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        return json(error.status, { __type: error.code, Message: error.message });
      }
    },
    /** Returns the current value; faults do not affect it. */
    read: (name: string) => secrets.get(name)?.value,
    write: (name: string, value: string) => void store(name, { SecretString: value }),
  };
}

const STAGES = ['AWSCURRENT'];

function operationsOn(
  secrets: ReadonlyMap<string, Secret>,
  store: (name: string, input: Input) => object,
): Readonly<Record<string, (input: Input) => object>> {
  const find = (id = '') => {
    const name = [...secrets.keys()].find((one) => one === id || arnOf(one) === id) ?? '';
    const secret = secrets.get(name);
    if (secret) return { name, secret };
    throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  };
  return {
    GetSecretValue({ SecretId, VersionStage = 'AWSCURRENT' }) {
      const { name, secret } = find(SecretId);
      if (STAGES.includes(VersionStage)) {
        const { value, versionId } = secret;
        return {
          ...describe(name, secret),
          VersionId: versionId,
          VersionStages: STAGES,
          SecretString: value,
        };
      }
      const message = "Secrets Manager can't find the specified secret value for staging label: ";
      throw new AwsError('ResourceNotFoundException', message + VersionStage);
    },
    PutSecretValue: (input) => ({ ...store(find(input.SecretId).name, input), VersionStages: STAGES }),
    UpdateSecret: (input) => store(find(input.SecretId).name, input),
    CreateSecret(input) {
      const { Name = '' } = input;
      if (!secrets.has(Name)) return store(Name, input);
      const message = `The operation failed because the secret ${Name} already exists.`;
      throw new AwsError('ResourceExistsException', message);
    },
    DescribeSecret({ SecretId }) {
      const { name, secret } = find(SecretId);
      return { ...describe(name, secret), VersionIdsToStages: { [secret.versionId]: STAGES } };
    },
    ListSecrets: () => ({ SecretList: [...secrets].map(([name, secret]) => describe(name, secret)) }),
  };
}

function inputOf(body: Buffer): Input {
  try {
    return Input.parse(JSON.parse(body.toString('utf8')));
  } catch {
    throw new AwsError('SerializationException', 'the body is not a valid input of this operation');
  }
}

function arnOf(name: string): string {
  const suffix = createHash('sha256').update(name).digest('hex').slice(0, 6);
  return `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-${suffix}`;
}

const describe = (name: string, { changedAt }: Secret) => ({
  ARN: arnOf(name),
  Name: name,
  CreatedDate: changedAt,
});

const json = (status: number, value: object): AwsAnswer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() },
  body: JSON.stringify(value),
});
