/** Sends mails through SES: https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html */
import { SESClient, SendRawEmailCommand } from '@aws-sdk/client-ses';
import type { Message } from '../../core/mail/message.ts';
import type { SendOutcome } from '../../core/order/sends.ts';
import type { Mailer } from '../../core/world.ts';
import { LEAN, trimClient, within } from '../client.ts';
import { toMime } from './mime.ts';

/** The limit for one call, including the connection. */
const SEND_MS = 1_500;
/** The connections of a thawed Lambda may be dead; the result of a mail on one is unknown (aws/aws-sdk-js-v3#1196). */
const IDLE_MS = 10_000;

/** One attempt: SES has no idempotency token, so the SDK's own retry may send twice. */
export const sesClient = (): SESClient =>
  trimClient(
    new SESClient({
      ...LEAN,
      maxAttempts: 1,
      requestHandler: { connectionTimeout: 1_000, requestTimeout: SEND_MS, throwOnRequestTimeout: true },
    }),
  );

/** Sends through the configuration set, which publishes the delivery events of each mail. */
export function sesMailer(client: SESClient, configurationSet: string): Mailer {
  let usedAt = Date.now();
  return async (message) => {
    try {
      const command = toCommand(message, configurationSet, toMime(message));
      if (Date.now() - usedAt > IDLE_MS) client.destroy();
      usedAt = Date.now();
      const { MessageId } = await within(SEND_MS, client.send(command));
      return MessageId ? { kind: 'sent', messageId: MessageId } : { kind: 'unknown', code: 'no_message_id' };
    } catch (error) {
      return toOutcome(error);
    }
  };
}

/**
 * Opens the connection for the first mail: runs all steps of a send, but replaces the request by an unsigned GET without
 * a mail. A HEAD would not do, because Node closes the connection if its answer has no length. Does not throw.
 */
export async function connect(client: SESClient): Promise<void> {
  try {
    const command = toCommand(EMPTY_MAIL, 'none', new Uint8Array());
    command.middlewareStack.add(
      (next) => (args) => {
        const request = typeof args.request === 'object' ? args.request : {};
        return next({ ...args, request: { ...request, method: 'GET', headers: {}, body: undefined } });
      },
      { step: 'deserialize', priority: 'low' },
    );
    // Options keep the SDK from caching this command's middleware for the next one.
    await within(SEND_MS, client.send(command, {}));
  } catch {
    // SES refuses a request without an action but keeps the connection. If it failed, the first mail reports the error.
  }
}

const EMPTY_MAIL: Message = {
  to: '',
  from: { name: '', address: '' },
  replyTo: '',
  subject: '',
  text: '',
  html: '',
  headers: {},
  tags: {},
};

function toCommand(message: Message, configurationSet: string, data: Uint8Array) {
  return new SendRawEmailCommand({
    Source: message.from.address,
    Destinations: [message.to],
    ConfigurationSetName: configurationSet,
    Tags: Object.entries(message.tags).map(([Name, Value]) => ({ Name, Value })),
    RawMessage: { Data: data },
  });
}

/** Classifies an error by its code. SES's messages distinguish cases of one code; they are not passed on. */
function toOutcome(error: unknown): SendOutcome {
  const [name, code, message] = [text(error, 'name'), text(error, 'code'), text(error, 'message')];
  const status = field(field(error, '$metadata'), 'httpStatusCode');
  const fault = { name, code, message, status: typeof status === 'number' ? status : 0 };
  return { kind: kindOf(fault), code: code || name || 'unknown' };
}

/** Reads a field without zod, which would add 0.8 ms to each cold start for this one shape. */
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
  /** The HTTP status; 0 if there was no answer. */
  readonly status: number;
}

function kindOf({ name, code, message, status }: Fault): Failure {
  if (NOT_REACHED.has(code)) return 'unreachable';
  if (name === 'CredentialsProviderError') return 'account';
  if (status === 429 || /Throttl|TooManyRequests/.test(name))
    return DAILY.test(message) ? 'account' : 'throttled';
  if (status < 400 || status > 499) return 'unknown';
  const isRefusal =
    (name === 'MessageRejected' && REJECTED.test(message)) ||
    (name === 'InvalidParameterValue' && ADDRESS.test(message));
  return isRefusal && !ACCOUNT.test(message) ? 'refused' : 'account';
}

type Failure = Exclude<SendOutcome['kind'], 'sent'>;

/** With these codes the connection failed, so SES did not accept the mail. */
const NOT_REACHED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
/** https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html */
const DAILY = /daily/i;
/** Errors of the sandbox, an identity or a paused account: https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html */
const ACCOUNT = /not (?:verified|confirmed)|this account|paused|suspended|quota/i;
/** Errors such as "Missing final '@domain'", "Local address contains control or whitespace", "Illegal address". */
const ADDRESS = /\b(?:address|domain|local name|user name)\b/i;
/**
 * "Address blacklisted", and about this one mail "The message contains a virus". Unknown words are taken for a fault of the account,
 * which loses no order.
 */
const REJECTED = /\b(?:blacklisted|virus)\b/i;
