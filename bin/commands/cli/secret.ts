/** Reads and changes a secret as a whole. No message quotes its content. */
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { CommandError } from './failure.ts';
import type { Target } from './target.ts';

/** Entries by product or provider. The stack creates its secrets with one entry that is neither. */
export type Entries = Readonly<Record<string, unknown>>;

/** With --local, a missing secret is empty. Throws a CommandError if the secret is not a JSON object. */
export async function readSecret({ config, local }: Target, id: string): Promise<Entries> {
  try {
    const command = new GetSecretValueCommand({ SecretId: id });
    return entriesOf(id, (await new SecretsManagerClient(config).send(command)).SecretString);
  } catch (error) {
    if (local && error instanceof ResourceNotFoundException) return {};
    throw error;
  }
}

/** Writes the entries that `change` returns; undefined leaves the secret as it is. */
export async function changeSecret(
  target: Target,
  id: string,
  change: (entries: Entries) => Entries | undefined,
): Promise<{ readonly before: Entries; readonly after: Entries } | undefined> {
  const before = await readSecret(target, id);
  const after = change(before);
  if (!after) return undefined;
  const client = new SecretsManagerClient(target.config);
  const SecretString = JSON.stringify(after);
  try {
    await client.send(new PutSecretValueCommand({ SecretId: id, SecretString }));
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    await client.send(new CreateSecretCommand({ Name: id, SecretString }));
  }
  return { before, after };
}

/** JSON's own error message would quote the secret, so it is dropped. */
function entriesOf(id: string, text: string | undefined): Entries {
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (isEntries(value)) return value;
  } catch {
    // The error below covers this case too.
  }
  throw new CommandError(
    `the secret ${id} is no JSON object; write {} with \`aws secretsmanager put-secret-value\` to start afresh, the old ` +
      'version stays as AWSPREVIOUS',
  );
}

const isEntries = (value: unknown): value is Entries =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
