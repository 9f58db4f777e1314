/** Mails through SES: https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html */
import { SESClient, SendRawEmailCommand } from '@aws-sdk/client-ses';
import type { Message } from '../core/mail/message.ts';
import type { Mailer, SendOutcome } from '../core/world.ts';

/** From the first packet to the end of the answer. */
const SEND_MS = 1_500;
/** A thawed Lambda's connections may be dead, and a mail on one is a mail nobody knows of (aws/aws-sdk-js-v3#1196). */
const IDLE_MS = 10_000;

let making: Promise<typeof import('./mime.ts')> | undefined;
/** A file of its own, read while the connections open (warm.ts). Once: each `import()` asks Node's loader anew. */
export function mime() {
  making ??= import('./mime.ts');
  return making;
}

/** One attempt: SES has no idempotency token, so the SDK's own retry may send twice. */
export const sesClient = (): SESClient =>
  new SESClient({
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: SEND_MS, throwOnRequestTimeout: true },
  });

/** Sends through the configuration set, so that SES tells what became of each mail. */
export function sesMailer(client: SESClient, configurationSet: string): Mailer {
  let usedAt = Date.now();
  return async (message) => {
    try {
      const { toMime } = await mime();
      const command = sending(message, configurationSet, toMime(message));
      if (Date.now() - usedAt > IDLE_MS) client.destroy();
      usedAt = Date.now();
      const { MessageId } = await client.send(command, { abortSignal: AbortSignal.timeout(SEND_MS) });
      return MessageId ? { kind: 'sent', messageId: MessageId } : { kind: 'unknown', code: 'no_message_id' };
    } catch (error) {
      return outcomeOf(error);
    }
  };
}

/**
 * Goes the whole way of a mail but the last step: in its place a GET, unsigned and without a mail, opens the connection
 * that the first mail will use. Node keeps no connection after a HEAD whose answer has no length. Never throws.
 */
export async function connect(client: SESClient): Promise<void> {
  try {
    const command = sending(NOTHING, 'none', new Uint8Array());
    command.middlewareStack.add(
      (next) => (args) => {
        const request = typeof args.request === 'object' ? args.request : {};
        return next({ ...args, request: { ...request, method: 'GET', headers: {}, body: undefined } });
      },
      { step: 'deserialize', priority: 'low' },
    );
    await client.send(command, { abortSignal: AbortSignal.timeout(SEND_MS) });
  } catch {
    // SES refuses what has no action, on a connection that stands. If there is none, the first mail finds out and says so.
  }
}

const NOTHING: Message = {
  to: '',
  from: { name: '', address: '' },
  replyTo: '',
  subject: '',
  text: '',
  html: '',
  headers: {},
  tags: {},
};

function sending(message: Message, configurationSet: string, data: Uint8Array) {
  return new SendRawEmailCommand({
    Source: message.from.address,
    Destinations: [message.to],
    ConfigurationSetName: configurationSet,
    Tags: Object.entries(message.tags).map(([Name, Value]) => ({ Name, Value })),
    RawMessage: { Data: data },
  });
}

/** What became of a mail, by error code; SES's messages tell cases of one code apart, and go no further. */
function outcomeOf(error: unknown): SendOutcome {
  const [name, code, message] = [text(error, 'name'), text(error, 'code'), text(error, 'message')];
  const status = field(field(error, '$metadata'), 'httpStatusCode');
  const fault = { name, code, message, status: typeof status === 'number' ? status : 0 };
  return { kind: kindOf(fault), code: code || name || 'unknown' };
}

/** Read by hand: for this one shape zod would cost 0.8 ms of each cold start. */
const field = (of: unknown, name: string): unknown =>
  typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;

function text(of: unknown, name: string): string {
  const value = field(of, name);
  return typeof value === 'string' ? value : '';
}

interface Fault {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  /** Of HTTP; 0 where there was no answer. */
  readonly status: number;
}

function kindOf({ name, code, message, status }: Fault): Failure {
  if (NOT_REACHED.has(code)) return 'throttled';
  if (name === 'CredentialsProviderError') return 'account';
  if (status === 429 || /Throttl|TooManyRequests/.test(name))
    return DAILY.test(message) ? 'account' : 'throttled';
  if (status < 400 || status > 499) return 'unknown';
  const refused = name === 'MessageRejected' || (name === 'InvalidParameterValue' && ADDRESS.test(message));
  return refused && !ACCOUNT.test(message) ? 'refused' : 'account';
}

type Failure = Exclude<SendOutcome['kind'], 'sent'>;

/** No connection, so nothing was accepted. */
const NOT_REACHED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
/** https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html */
const DAILY = /daily/i;
/** The sandbox, an identity, a pause: https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html */
const ACCOUNT = /not (?:verified|confirmed)|this account|paused|suspended|quota/i;
/** "Missing final '@domain'", "Local address contains control or whitespace", "Illegal address". Ours are checked. */
const ADDRESS = /\b(?:address|domain|local name|user name)\b/i;
