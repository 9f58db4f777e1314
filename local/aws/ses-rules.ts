/**
 * The checks that SES makes before it accepts a mail, with its own codes and messages:
 * https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
 */
import PostalMime, { type Address } from 'postal-mime';
import { AwsError } from './answer.ts';
import type { SesAccount } from './ses-account.ts';

export interface Sending {
  readonly source: string | undefined;
  /** Empty: the message's To, Cc and Bcc name the recipients. */
  readonly destinations: readonly string[];
  readonly configurationSet: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly raw: Buffer;
}

type SendingAccount = ReturnType<SesAccount['sending']>;

const MOST_BYTES = 10 * 1024 * 1024;
const MOST_RECIPIENTS = 50;

/** Returns the sender and the recipients. Throws an AwsError if SES would refuse the mail. */
export async function envelopeOf(
  sending: Sending,
  account: SendingAccount,
): Promise<{ from: string; to: string[] }> {
  const { raw, tags, configurationSet } = sending;
  if (raw.length > MOST_BYTES)
    invalid(`Message length is more than ${MOST_BYTES} bytes long: '${raw.length}'.`);
  const body = raw.indexOf('\r\n\r\n');
  const mail = await PostalMime.parse(body < 0 ? raw : raw.subarray(0, body));
  if (!mail.from) invalid("Missing required header 'From'.");
  const inHeaders = [mail.to, mail.cc, mail.bcc].flatMap((list) => mailboxes(list ?? []));
  const to = sending.destinations.length > 0 ? sending.destinations.map(bare) : inHeaders;
  if (to.length === 0) invalid("Missing required header 'To'.");
  if (to.length > MOST_RECIPIENTS) invalid(`Recipient count exceeds ${MOST_RECIPIENTS}.`);
  const senders = mailboxes(mail.from ? [mail.from] : []);
  const from = sending.source === undefined ? (senders[0] ?? '') : bare(sending.source);
  for (const address of [from, ...senders, ...to]) checkAddress(address);
  for (const text of Object.entries(tags).flat()) {
    if (!/^[A-Za-z0-9_-]{1,256}$/.test(text))
      invalid(`Invalid tag: <${text}>. Only alphanumeric ASCII characters, '_' and '-' are allowed.`);
  }
  if (configurationSet !== undefined && !account.configurationSets.includes(configurationSet))
    throw new AwsError(
      'ConfigurationSetDoesNotExist',
      `Configuration set <${configurationSet}> does not exist.`,
    );
  checkVerified([from, ...senders, ...(account.sandbox ? to : [])], account);
  return { from, to };
}

/** An address is verified if it, its domain or a parent domain is. */
export function isVerified(address: string, identities: ReadonlySet<string>): boolean {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  const parents = domain.split('.').map((_, at, labels) => labels.slice(at).join('.'));
  return identities.has(address.toLowerCase()) || parents.some((parent) => identities.has(parent));
}

function checkVerified(addresses: readonly string[], { identities, region }: SendingAccount): void {
  const failed = addresses.filter(
    (address) => !isVerified(address, identities) && !address.endsWith('@simulator.amazonses.com'),
  );
  if (failed.length === 0) return;
  const message = `Email address is not verified. The following identities failed the check in region ${region.toUpperCase()}: `;
  throw new AwsError('MessageRejected', message + [...new Set(failed)].join(', '));
}

/** SES does not support SMTPUTF8: an address is ASCII before the @ and Punycode after it. */
function checkAddress(address: string): void {
  const at = address.lastIndexOf('@');
  const [local, domain] = [address.slice(0, Math.max(at, 0)), address.slice(at + 1)];
  if (at < 0) invalid("Missing final '@domain'");
  if (local === '') invalid('Missing local name');
  if (/[^\x21-\x7e]/.test(local)) invalid('Local address contains control or whitespace');
  if (/[^\x21-\x7e]/.test(domain)) invalid('Domain contains control or whitespace');
  if (/[()<>[\]:;,\\"@]/.test(local) || local.startsWith('.') || local.endsWith('.'))
    invalid('Local address contains illegal character');
  if (domain.startsWith('.')) invalid('Domain starts with dot');
  if (!/^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/.test(domain)) invalid('Domain contains illegal character');
}

const mailboxes = (list: readonly Address[]): string[] =>
  list.flatMap((one) => (one.group ?? [one]).map(({ address }) => address ?? ''));

/** Returns the address of `Name <address>`. */
const bare = (text: string): string => (/<([^<>]*)>\s*$/.exec(text)?.[1] ?? text).trim();

function invalid(message: string): never {
  throw new AwsError('InvalidParameterValue', message);
}
