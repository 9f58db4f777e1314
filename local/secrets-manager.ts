/** Secrets Manager, as much of it as Keypost and its seller use: JSON 1.1, errors under their own names. */
import { createHash, randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { type AwsAnswer, AwsError, type AwsRequest } from './aws-answer.ts';
import type { FaultSwitch } from './faults.ts';
import type { Files } from './files.ts';

const Secret = z.object({
  value: z.string(),
  binary: z.boolean(),
  versionId: z.string(),
  changedAt: z.number(),
});
const Secrets = z.record(z.string(), Secret);
type Secret = z.output<typeof Secret>;

const Input = z.object({
  SecretId: z._default(z.string(), ''),
  Name: z._default(z.string(), ''),
  SecretString: z.optional(z.string()),
  SecretBinary: z.optional(z.string()),
  VersionId: z.optional(z.string()),
  VersionStage: z.optional(z.string()),
  ClientRequestToken: z.optional(z.string()),
});
type Input = z.output<typeof Input>;

export interface SecretsManager {
  answer(request: AwsRequest): AwsAnswer;
  /** The value as it stands, whatever fault is on. */
  read(name: string): string | undefined;
  write(name: string, value: string): void;
}

const FILE = 'secrets.json';

export function secretsManager(files: Files, faults: FaultSwitch): SecretsManager {
  const secrets = new Map<string, Secret>(
    Object.entries(Secrets.parse(JSON.parse(files.read(FILE) ?? '{}'))),
  );

  const found = (id: string) => {
    const name = secrets.has(id) ? id : [...secrets.keys()].find((known) => arnOf(known) === id);
    const secret = name !== undefined && secrets.get(name);
    if (secret) return { name, secret };
    throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  };
  const store = (name: string, { SecretString, SecretBinary, ClientRequestToken }: Input) => {
    if ((SecretString === undefined) === (SecretBinary === undefined)) {
      throw new AwsError(
        'InvalidParameterException',
        'You must provide either SecretString or SecretBinary.',
      );
    }
    const value = SecretString ?? SecretBinary ?? '';
    const versionId = ClientRequestToken ?? randomUUID();
    secrets.set(name, { value, binary: SecretString === undefined, versionId, changedAt: Date.now() / 1000 });
    files.write(FILE, JSON.stringify(Object.fromEntries(secrets)));
    return { ARN: arnOf(name), Name: name, VersionId: versionId };
  };

  const operations: Readonly<Record<string, (input: Input) => object>> = {
    GetSecretValue({ SecretId, VersionId, VersionStage = CURRENT }) {
      const { name, secret } = found(SecretId);
      if (VersionStage !== CURRENT || (VersionId && VersionId !== secret.versionId)) {
        throw new AwsError(
          'ResourceNotFoundException',
          "Secrets Manager can't find the specified secret value.",
        );
      }
      const value = secret.binary ? { SecretBinary: secret.value } : { SecretString: secret.value };
      return { ...described(name, secret), VersionId: secret.versionId, VersionStages: [CURRENT], ...value };
    },
    PutSecretValue: (input) => ({ ...store(found(input.SecretId).name, input), VersionStages: [CURRENT] }),
    UpdateSecret: (input) => store(found(input.SecretId).name, input),
    CreateSecret(input) {
      if (!secrets.has(input.Name)) return store(input.Name, input);
      const message = `The operation failed because the secret ${input.Name} already exists.`;
      throw new AwsError('ResourceExistsException', message);
    },
    DescribeSecret({ SecretId }) {
      const { name, secret } = found(SecretId);
      return { ...described(name, secret), VersionIdsToStages: { [secret.versionId]: [CURRENT] } };
    },
    ListSecrets: () => ({ SecretList: [...secrets].map(([name, secret]) => described(name, secret)) }),
  };

  return {
    answer(request) {
      try {
        if (!request.headers.authorization) {
          throw new AwsError(
            'MissingAuthenticationTokenException',
            'Request is missing Authentication Token',
          );
        }
        if (faults.now().secretsmanager === 'down') {
          throw new AwsError('InternalServiceError', 'An error occurred on the server side.', 500);
        }
        const name = String(request.headers['x-amz-target']).replace('secretsmanager.', '');
        const operation = Object.hasOwn(operations, name) && operations[name];
        if (!operation) throw new AwsError('UnknownOperationException', `${name} is not emulated here`);
        return json(200, operation(inputOf(request.body)));
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        return json(error.status, { __type: error.code, Message: error.message });
      }
    },
    read: (name) => secrets.get(name)?.value,
    write: (name, value) => void store(name, Input.parse({ SecretString: value })),
  };
}

const CURRENT = 'AWSCURRENT';

function inputOf(body: Buffer): Input {
  try {
    return Input.parse(JSON.parse(body.toString('utf8')));
  } catch {
    throw new AwsError('SerializationException', 'not an input of this operation');
  }
}

function arnOf(name: string): string {
  const suffix = createHash('sha256').update(name).digest('hex').slice(0, 6);
  return `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-${suffix}`;
}

const described = (name: string, { changedAt }: Secret) => ({
  ARN: arnOf(name),
  Name: name,
  CreatedDate: changedAt,
});

const json = (status: number, value: object): AwsAnswer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() },
  body: JSON.stringify(value),
});
