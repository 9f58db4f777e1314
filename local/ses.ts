/** SES, v1: the query protocol with XML answers. https://docs.aws.amazon.com/ses/latest/APIReference/ */
import { randomUUID } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import { type AwsAnswer, AwsError, type AwsRequest, type Broken, regionOf } from './aws-answer.ts';
import type { FaultSwitch } from './faults.ts';
import type { Mails } from './mails.ts';
import type { SesAccount } from './ses-account.ts';
import { envelopeOf } from './ses-rules.ts';

type Result = Readonly<Record<string, unknown>> | undefined;
type Action = (input: URLSearchParams, region: string) => Result | Promise<Result>;

/** Answers a request, or says how the connection breaks. */
export function sesV1(account: SesAccount, mails: Mails, faults: FaultSwitch) {
  const send = async (input: URLSearchParams, region: string, raw: Buffer): Promise<Result> => {
    const { ses } = faults.now();
    if (ses === 'throttle') throw new AwsError('Throttling', 'Maximum sending rate exceeded.');
    if (ses === 'reject') throw new AwsError('MessageRejected', 'Address blacklisted.');
    const to = [
      ...members(input, 'Destinations'),
      ...['To', 'Cc', 'Bcc'].flatMap((kind) => members(input, `Destination.${kind}Addresses`)),
    ];
    const tags = Object.fromEntries(
      fields(input, 'Tags').map((tag) => [input.get(`${tag}.Name`) ?? '', input.get(`${tag}.Value`) ?? '']),
    );
    const sending = {
      source: input.get('Source') ?? undefined,
      destinations: to,
      configurationSet: input.get('ConfigurationSetName') ?? undefined,
      tags,
      raw,
    };
    const envelope = await envelopeOf(sending, account.sending(region));
    account.take(envelope.to.length);
    return { MessageId: mails.accept({ ...envelope, tags, raw: raw.toString('base64') }) };
  };

  const actions: Readonly<Record<string, Action>> = {
    SendRawEmail: (input, region) =>
      send(input, region, Buffer.from(required(input, 'RawMessage.Data'), 'base64')),
    SendEmail: async (input, region) => send(input, region, await composed(input)),
    GetSendQuota: () => ({ ...account.quota() }),
    GetSendStatistics: () => ({ SendDataPoints: [] }),
    GetAccountSendingEnabled: () => ({ Enabled: true }),
    ListIdentities: (input) => ({ Identities: account.list(input.get('IdentityType')) }),
    VerifyEmailIdentity: (input) => void account.verify(required(input, 'EmailAddress')),
    VerifyEmailAddress: (input) => void account.verify(required(input, 'EmailAddress')),
    VerifyDomainIdentity(input) {
      account.verify(required(input, 'Domain'));
      return { VerificationToken: TOKEN };
    },
    DeleteIdentity: (input) => void account.forget(required(input, 'Identity')),
    GetIdentityVerificationAttributes: (input) => ({
      VerificationAttributes: of(account, input, { VerificationStatus: 'Success', VerificationToken: TOKEN }),
    }),
    GetIdentityDkimAttributes: (input) => ({
      DkimAttributes: of(account, input, {
        DkimEnabled: true,
        DkimVerificationStatus: 'Success',
        DkimTokens: [TOKEN],
      }),
    }),
    GetIdentityMailFromDomainAttributes: (input) => ({
      MailFromDomainAttributes: of(account, input, {
        MailFromDomain: 'bounce.example.com',
        MailFromDomainStatus: 'Success',
        BehaviorOnMXFailure: 'UseDefaultValue',
      }),
    }),
    DescribeConfigurationSet(input) {
      const name = required(input, 'ConfigurationSetName');
      if (account.configurationSets.includes(name)) return { ConfigurationSet: { Name: name } };
      throw new AwsError('ConfigurationSetDoesNotExist', `Configuration set <${name}> does not exist.`);
    },
    ListConfigurationSets: () => ({ ConfigurationSets: account.configurationSets.map((Name) => ({ Name })) }),
  };

  return async (request: AwsRequest): Promise<AwsAnswer | Broken> => {
    try {
      const { ses } = faults.now();
      if (ses === 'timeout') return 'silence';
      if (ses === 'down') throw new AwsError('ServiceUnavailable', 'Service is not available.', 503);
      if (!request.headers.authorization) {
        throw new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
      }
      const input = new URLSearchParams(request.body.toString('utf8'));
      const name = input.get('Action') ?? '';
      const action = Object.hasOwn(actions, name) && actions[name];
      if (!action)
        throw new AwsError('InvalidAction', `Could not find operation ${name} for version ${VERSION}`);
      const result = await action(input, regionOf(request));
      if (ses === 'lost' && name.startsWith('Send')) return 'hang_up';
      return xml(
        200,
        `<${name}Response ${XMLNS}><${name}Result>${element(result)}</${name}Result>${METADATA()}</${name}Response>`,
      );
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const { code, message, status } = error;
      const said = element({ Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message });
      return xml(
        status,
        `<ErrorResponse ${XMLNS}><Error>${said}</Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
      );
    }
  };
}

const VERSION = '2010-12-01';
const XMLNS = `xmlns="http://ses.amazonaws.com/doc/${VERSION}/"`;
const TOKEN = 'localtokenlocaltokenlocaltoken00';
const METADATA = () => `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>`;

/** `SendEmail` has parts where `SendRawEmail` has a message. */
function composed(input: URLSearchParams): Promise<Buffer> {
  const part = (name: string) => input.get(`Message.${name}.Data`) ?? undefined;
  return new MailComposer({
    from: required(input, 'Source'),
    to: members(input, 'Destination.ToAddresses'),
    cc: members(input, 'Destination.CcAddresses'),
    replyTo: members(input, 'ReplyToAddresses'),
    subject: part('Subject'),
    text: part('Body.Text'),
    html: part('Body.Html'),
  })
    .compile()
    .build();
}

/** The same for each identity asked about that there is. */
function of(account: SesAccount, input: URLSearchParams, value: Readonly<Record<string, unknown>>) {
  return new Map(
    members(input, 'Identities').flatMap((name) => (account.has(name) ? [[name, value] as const] : [])),
  );
}

function required(input: URLSearchParams, name: string): string {
  const value = input.get(name);
  if (value) return value;
  throw new AwsError(
    'ValidationError',
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  );
}

/** Lists are spelled Name.member.1, Name.member.2, … */
function fields(input: URLSearchParams, name: string): string[] {
  const found = [...input.keys()].flatMap(
    (key) => new RegExp(`^${name}\\.member\\.\\d+`).exec(key)?.[0] ?? [],
  );
  return [...new Set(found)];
}

const members = (input: URLSearchParams, name: string): string[] =>
  fields(input, name).map((field) => input.get(field) ?? '');

const xml = (status: number, body: string): AwsAnswer => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body,
});

/** Lists as `member`, maps as `entry`, the rest by its own names. */
function element(value: unknown): string {
  if (Array.isArray(value)) return value.map((one) => `<member>${element(one)}</member>`).join('');
  if (value instanceof Map) {
    return [...value]
      .map(([key, one]) => `<entry><key>${element(key)}</key><value>${element(one)}</value></entry>`)
      .join('');
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, one]) => `<${name}>${element(one)}</${name}>`)
      .join('');
  }
  return String(value ?? '').replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
