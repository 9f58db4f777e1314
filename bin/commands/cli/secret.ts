/** A secret as a whole: read, changed, put back. What is in it never leaves here but as a value. */
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { CommandError } from './failure.ts';
import type { Target } from './target.ts';

/** By product or provider; the stack's secrets are born with an entry that is neither. */
export type Entries = Readonly<Record<string, unknown>>;

/** On one machine a missing secret is an empty one. Throws a CommandError where it is no JSON object. */
export async function readSecret({ config, local }: Target, id: string): Promise<Entries> {
  try {
    const command = new GetSecretValueCommand({ SecretId: id });
    return entriesOf(id, (await new SecretsManagerClient(config).send(command)).SecretString);
  } catch (error) {
    if (local && error instanceof ResourceNotFoundException) return {};
    throw error;
  }
}

/** Puts what `change` makes of the secret; undefined is for nothing to change. */
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

/** Of what cannot be parsed nothing is quoted, as JSON's own message would. */
function entriesOf(id: string, text: string | undefined): Entries {
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (isEntries(value)) return value;
  } catch {
    // Told below, like everything else that is no object.
  }
  throw new CommandError(
    `the secret ${id} is no JSON object; \`aws secretsmanager put-secret-value\` with {} starts it afresh, the version before ` +
      'stays as AWSPREVIOUS',
  );
}

const isEntries = (value: unknown): value is Entries =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
