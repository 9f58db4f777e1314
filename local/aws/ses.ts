/** SES v1: the operations that Keypost and a seller use. */
import { setTimeout as wait } from 'node:timers/promises';
import { SELLER_TAG } from '../../functions/core/mail/seller.ts';
import { type AwsAnswer, AwsError, type AwsRequest, type Broken, regionOf } from './answer.ts';
import type { FaultSwitch } from './faults.ts';
import type { Mails } from './mails.ts';
import { errorXml, members, required, toXml } from './query-protocol.ts';
import type { SesAccount } from './ses-account.ts';
import type { SesEvents } from './ses-events.ts';
import { envelopeOf } from './ses-rules.ts';

type Action = (input: URLSearchParams, region: string) => object | undefined | Promise<object>;

/** With the fault `slow`, a mail is accepted at once and answered this much later. */
const SLOW_MS = 1_000;

interface Boxes {
  readonly mails: Mails;
  /** The mails about held orders and the digests, which are no mails to a buyer. */
  readonly sellerMails: Mails;
}

/** Responds to a request, or says how the connection breaks. The fault `down` is SES's own 503; it accepts nothing. */
export function sesV1(account: SesAccount, boxes: Boxes, faults: FaultSwitch, publish: SesEvents['publish']) {
  const actions = { ...accountActions(account), ...sendActions(account, boxes, faults, publish) };
  return async ({ headers, body, ...request }: AwsRequest): Promise<AwsAnswer | Broken> => {
    const { ses } = faults.now();
    if (ses === 'timeout') return 'silence';
    try {
      if (ses === 'down') throw new AwsError('ServiceUnavailable', 'Service is not available.', 503);
      if (!headers.authorization)
        throw new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
      const input = new URLSearchParams(body.toString('utf8'));
      const name = input.get('Action') ?? '';
      const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
      if (!action)
        throw new AwsError('InvalidAction', `Could not find operation ${name} for version 2010-12-01`);
      const result = await action(input, regionOf({ headers, body, ...request }));
      const isSend = name.startsWith('Send');
      if (ses === 'slow' && isSend) await wait(SLOW_MS);
      return ses === 'lost' && isSend ? 'hang_up' : toXml(name, result);
    } catch (error) {
      if (error instanceof AwsError) return errorXml(error);
      throw error;
    }
  };
}

function sendActions(
  account: SesAccount,
  { mails, sellerMails }: Boxes,
  faults: FaultSwitch,
  publish: SesEvents['publish'],
): Record<string, Action> {
  const send = async (
    input: URLSearchParams,
    region: string,
    raw: Buffer,
    destinations: readonly string[],
  ) => {
    const { ses } = faults.now();
    if (ses === 'throttle') throw new AwsError('Throttling', 'Maximum sending rate exceeded.');
    if (ses === 'reject') throw new AwsError('MessageRejected', 'Address blacklisted.');
    const values = members(input, 'Tags', '.Value');
    const tags = Object.fromEntries(
      members(input, 'Tags', '.Name').map((name, at) => [name, values[at] ?? '']),
    );
    const configurationSet = input.get('ConfigurationSetName') ?? undefined;
    const mail = { source: input.get('Source') ?? undefined, destinations, configurationSet, tags, raw };
    const envelope = await envelopeOf(mail, account.sending(region));
    account.take(envelope.to.length);
    const isForSeller = tags.about === SELLER_TAG.about;
    const id = (isForSeller ? sellerMails : mails).accept({ ...envelope, tags, raw: raw.toString('base64') });
    // SES publishes events only for mails with a configuration set.
    if (configurationSet && !isForSeller) publish({ id, ...envelope, tags });
    return { MessageId: id };
  };
  return {
    SendRawEmail: (input, region) =>
      send(
        input,
        region,
        Buffer.from(required(input, 'RawMessage.Data'), 'base64'),
        members(input, 'Destinations'),
      ),
    SendEmail: async (input, region) => {
      const to = ['To', 'Cc', 'Bcc'].flatMap((kind) => members(input, `Destination.${kind}Addresses`));
      return send(input, region, await compose(input), to);
    },
  };
}

/** `SendEmail` gets the parts of a message, `SendRawEmail` the whole message. */
async function compose(input: URLSearchParams): Promise<Buffer> {
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
  const part = (name: string) => input.get(`Message.${name}.Data`) ?? undefined;
  const mail = new MailComposer({
    from: required(input, 'Source'),
    to: members(input, 'Destination.ToAddresses'),
    cc: members(input, 'Destination.CcAddresses'),
    replyTo: members(input, 'ReplyToAddresses'),
    subject: part('Subject'),
    text: part('Body.Text'),
    html: part('Body.Html'),
  });
  return mail.compile().build();
}

const TOKEN = 'localtokenlocaltokenlocaltoken00';
const VERIFIED = { VerificationStatus: 'Success', VerificationToken: TOKEN };
const SIGNED = { DkimEnabled: true, DkimVerificationStatus: 'Success', DkimTokens: [TOKEN] };
const MAIL_FROM = {
  MailFromDomain: 'bounce.example.com',
  MailFromDomainStatus: 'Success',
  BehaviorOnMXFailure: 'UseDefaultValue',
};

/** The event destination as the stack creates it. */
const DESTINATION = {
  Name: 'keypost',
  Enabled: true,
  MatchingEventTypes: ['send', 'reject', 'bounce', 'complaint', 'delivery'],
  SNSDestination: { TopicARN: 'arn:aws:sns:us-east-1:123456789012:keypost-mail-events' },
};

function accountActions(account: SesAccount): Record<string, Action> {
  const own = (input: URLSearchParams) => members(input, 'Identities').filter((name) => account.has(name));
  const each = (input: URLSearchParams, value: object) => new Map(own(input).map((name) => [name, value]));
  return {
    GetSendQuota: () => account.quota(),
    GetAccountSendingEnabled: () => ({ Enabled: true }),
    ListIdentities: (input) => ({ Identities: account.list(input.get('IdentityType')) }),
    VerifyEmailIdentity: (input) => void account.verify(required(input, 'EmailAddress')),
    VerifyDomainIdentity(input) {
      account.verify(required(input, 'Domain'));
      return { VerificationToken: TOKEN };
    },
    DeleteIdentity: (input) => void account.forget(required(input, 'Identity')),
    GetIdentityVerificationAttributes: (input) => ({ VerificationAttributes: each(input, VERIFIED) }),
    GetIdentityDkimAttributes: (input) => ({ DkimAttributes: each(input, SIGNED) }),
    GetIdentityMailFromDomainAttributes: (input) => ({ MailFromDomainAttributes: each(input, MAIL_FROM) }),
    DescribeConfigurationSet(input) {
      const Name = required(input, 'ConfigurationSetName');
      if (account.configurationSets.includes(Name))
        return { ConfigurationSet: { Name }, EventDestinations: [DESTINATION] };
      throw new AwsError('ConfigurationSetDoesNotExist', `Configuration set <${Name}> does not exist.`);
    },
    ListConfigurationSets: () => ({ ConfigurationSets: account.configurationSets.map((Name) => ({ Name })) }),
  };
}
