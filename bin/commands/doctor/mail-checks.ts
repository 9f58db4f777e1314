/** Checks of SES and of the DNS records: those that a mail needs to reach a buyer, and the intake of order mails. */
import dns from 'node:dns/promises';
import {
  ConfigurationSetDoesNotExistException,
  DescribeActiveReceiptRuleSetCommand,
  DescribeConfigurationSetCommand,
  GetAccountSendingEnabledCommand,
  GetIdentityDkimAttributesCommand,
  GetIdentityMailFromDomainAttributesCommand,
  GetIdentityVerificationAttributesCommand,
  GetSendQuotaCommand,
  SESClient,
} from '@aws-sdk/client-ses';
import { GetAccountCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { type Check, type Checks, type DoctorContext, ifExists } from './context.ts';

export const sandbox: Check = async ({ target }) => {
  const { ProductionAccessEnabled } = await new SESv2Client(target.config).send(new GetAccountCommand({}));
  return ProductionAccessEnabled
    ? undefined
    : 'SES is in its sandbox and mails to verified addresses only; once your domain is verified, request production access with the text in docs/go-live.md, which takes a day';
};

export const senderChecks: Checks = {
  async identity({ catalogue: { seller }, target }) {
    const command = new GetIdentityVerificationAttributesCommand({ Identities: identitiesOf(seller.from) });
    const { VerificationAttributes = {} } = await ses(target).send(command);
    const statuses = Object.values(VerificationAttributes).map((one) => one.VerificationStatus);
    if (statuses.includes('Success')) return undefined;
    return statuses.length > 0
      ? `${seller.from} is not verified yet; put the DNS records of the stack's outputs into DNS, then wait some hours`
      : `SES does not know ${seller.from} in this region; create its identity with \`npx cdk deploy\`, then put its records into DNS`;
  },

  async dkim({ catalogue: { seller }, target }) {
    const command = new GetIdentityDkimAttributesCommand({ Identities: identitiesOf(seller.from) });
    const { DkimAttributes = {} } = await ses(target).send(command);
    const isSigned = Object.values(DkimAttributes).some(
      (one) => one.DkimEnabled && one.DkimVerificationStatus === 'Success',
    );
    if (isSigned) return undefined;
    const records = Object.entries(DkimAttributes).flatMap(([domain, { DkimTokens = [] }]) =>
      DkimTokens.map((token) => `${token}._domainkey.${domain} CNAME ${token}.dkim.amazonses.com`),
    );
    return records.length > 0
      ? `mails of ${seller.from} are not signed; put these records into DNS, then wait some hours: ${records.join(', ')}`
      : `mails of ${seller.from} are not signed; use its domain as the identity, with Easy DKIM`;
  },

  async 'mail-from'({ catalogue: { seller }, target }) {
    const command = new GetIdentityMailFromDomainAttributesCommand({ Identities: identitiesOf(seller.from) });
    const { MailFromDomainAttributes = {} } = await ses(target).send(command);
    const domains = Object.values(MailFromDomainAttributes).filter((one) => one.MailFromDomain);
    if (domains.some((one) => one.MailFromDomainStatus === 'Success')) return undefined;
    const [first] = domains;
    if (first)
      return `SES finds no MX record for ${first.MailFromDomain} (${first.MailFromDomainStatus}); put the records MailFromMx and MailFromSpf of the stack's outputs into DNS`;
    // An identity that the stack did not create keeps the owner's settings.
    if (seller.identity === 'existing') return undefined;
    return `mails of ${seller.from} have amazonses.com as their return path, which some spam filters distrust; create a MAIL FROM domain with \`npx cdk deploy\``;
  },

  sandbox,

  async sending({ target }) {
    const { Enabled } = await ses(target).send(new GetAccountSendingEnabledCommand({}));
    return Enabled
      ? undefined
      : "sending is paused in this account; see the reason on SES's reputation page and resume sending there";
  },

  async quota({ target }) {
    const { Max24HourSend = 0, SentLast24Hours = 0 } = await ses(target).send(new GetSendQuotaCommand({}));
    // -1 means unlimited: https://docs.aws.amazon.com/ses/latest/APIReference/API_GetSendQuota.html
    if (Max24HourSend === -1 || SentLast24Hours < Max24HourSend * QUOTA_WARNING) return undefined;
    return `${SentLast24Hours} of ${Max24HourSend} mails per 24 hours are sent; request a higher quota for SES in Service Quotas`;
  },

  async 'configuration-set'({ target, names }) {
    const { configurationSet } = await names();
    const cure = `SES has no configuration set ${configurationSet}, but the stack has created one; create it again under this name in the SES console`;
    return ifExists(ConfigurationSetDoesNotExistException, cure, async () => {
      const command = new DescribeConfigurationSetCommand({
        ConfigurationSetName: configurationSet,
        ConfigurationSetAttributeNames: ['eventDestinations'],
      });
      const { EventDestinations = [] } = await ses(target).send(command);
      const reported = EventDestinations.flatMap(({ Enabled, SNSDestination, MatchingEventTypes }) =>
        Enabled && SNSDestination ? (MatchingEventTypes ?? []) : [],
      );
      const missing = EVENTS.filter((type) => !reported.includes(type));
      return missing.length === 0
        ? undefined
        : `the configuration set ${configurationSet} does not report ${missing.join(', ')}; run \`npx cdk deploy\``;
    });
  },
};

const QUOTA_WARNING = 0.9;
/** The events that mail-events processes. The stack also enables delivery delays, which this API cannot list. */
const EVENTS = ['send', 'delivery', 'bounce', 'complaint', 'reject'] as const;

export const ses = ({ config }: DoctorContext['target']) => new SESClient(config);

/** Returns the identities that allow an address to send: https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html */
export function identitiesOf(address: string): string[] {
  const labels = domainOf(address).split('.');
  return [address, ...labels.slice(1).map((_, at) => labels.slice(at).join('.'))];
}

/**
 * Gmail and Yahoo require a DMARC record of bulk senders. It may be at the sender's domain or above it:
 * https://www.rfc-editor.org/rfc/rfc7489#section-6.6.3
 */
export const dmarc: Check = async ({ catalogue: { seller } }) => {
  const labels = domainOf(seller.from).split('.');
  for (let at = 0; at < labels.length - 1; at += 1) {
    const name = `_dmarc.${labels.slice(at).join('.')}`;
    const texts = (await findIn(dns.resolveTxt(name)))?.map((parts) => parts.join('')) ?? [];
    const records = texts.filter((text) => /^v=DMARC1\s*(;|$)/.test(text));
    if (records.length > 1)
      return `${name} has ${records.length} DMARC records, and receivers ignore all of them; leave one`;
    if (records.length === 1) return undefined;
  }
  return `no DMARC record is at _dmarc.${labels.join('.')}; put the stack's output Dmarc into DNS`;
};

/**
 * Checks the region, the MX record and the active receipt rules.
 * @param store the name of a mail store in the catalogue.
 */
export const orderMails =
  (store: string): Check =>
  async ({ catalogue, target, names }) => {
    const to = catalogue.providers[store]?.mail?.to.toLowerCase() ?? '';
    const client = ses(target);
    const host = `inbound-smtp.${await client.config.region()}.amazonaws.com`;
    // SES receives in some regions only, and each of them has this name in DNS.
    if (!(await findIn(dns.lookup(host))))
      return `SES receives no mail in this region: ${host} does not exist; deploy in a region that receives, such as us-east-1`;
    const domain = domainOf(to);
    const records = (await findIn(dns.resolveMx(domain))) ?? [];
    if (records.length !== 1 || records[0]?.exchange.toLowerCase() !== host)
      return `${domain} has ${records.length} MX records; its only one must be \`${domain} MX 10 ${host}\``;
    const own = (await names()).output('OrderMailsRuleSet');
    const { Metadata, Rules = [] } = await client.send(new DescribeActiveReceiptRuleSetCommand({}));
    const takes = Rules.some(
      ({ Enabled, ScanEnabled, Recipients = [], Actions = [] }) =>
        Enabled &&
        ScanEnabled &&
        Recipients.some((one) => one.toLowerCase() === to) &&
        Actions.some((one) => one.S3Action),
    );
    if (takes) return undefined;
    if (!Metadata)
      return `no receipt rule set is active; activate that of the stack: \`aws ses set-active-receipt-rule-set --rule-set-name ${own}\``;
    if (Metadata.Name === own) return `the rule set ${own} has no rule for ${to}; run \`npx cdk deploy\``;
    return `the active rule set is ${Metadata.Name}, which is not of the stack; leave it active, and add to it the rule for ${to} that \`aws ses describe-receipt-rule-set --rule-set-name ${own}\` shows`;
  };

const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1).toLowerCase();

/** Returns undefined if DNS does not have the name. Throws if DNS does not answer. */
async function findIn<Found>(answer: Promise<Found>): Promise<Found | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOTFOUND', 'ENODATA'].includes(String(error.code)))
      return undefined;
    throw error;
  }
}
