/** What SES has to grant before a mail reaches a buyer. Each check answers undefined, or what is wrong and what would do. */
import {
  ConfigurationSetDoesNotExistException,
  DescribeConfigurationSetCommand,
  GetAccountSendingEnabledCommand,
  GetIdentityDkimAttributesCommand,
  GetIdentityMailFromDomainAttributesCommand,
  GetIdentityVerificationAttributesCommand,
  GetSendQuotaCommand,
  SESClient,
} from '@aws-sdk/client-ses';
import { GetAccountCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import type { Checks, Desk } from './checks.ts';

export const senderChecks: Checks = {
  async identity({ catalogue: { seller }, target }) {
    const command = new GetIdentityVerificationAttributesCommand({ Identities: identitiesOf(seller.from) });
    const { VerificationAttributes = {} } = await ses(target).send(command);
    if (Object.values(VerificationAttributes).some((one) => one.VerificationStatus === 'Success'))
      return undefined;
    return Object.keys(VerificationAttributes).length > 0
      ? `${seller.from} is not verified yet; the DNS records of the stack's outputs do it, within hours`
      : `SES does not know ${seller.from} in this region; \`npx cdk deploy\` makes its identity, then DNS proves it`;
  },

  async dkim({ catalogue: { seller }, target }) {
    const command = new GetIdentityDkimAttributesCommand({ Identities: identitiesOf(seller.from) });
    const { DkimAttributes = {} } = await ses(target).send(command);
    const signed = Object.values(DkimAttributes).some(
      (one) => one.DkimEnabled && one.DkimVerificationStatus === 'Success',
    );
    return signed
      ? undefined
      : `mails of ${seller.from} are not signed; its domain as the identity and the three Dkim records of the stack's outputs in DNS do it`;
  },

  async 'mail-from'({ catalogue: { seller }, target }) {
    const command = new GetIdentityMailFromDomainAttributesCommand({ Identities: identitiesOf(seller.from) });
    const { MailFromDomainAttributes = {} } = await ses(target).send(command);
    const set = Object.values(MailFromDomainAttributes).filter((one) => one.MailFromDomain);
    if (set.some((one) => one.MailFromDomainStatus === 'Success')) return undefined;
    const [first] = set;
    if (first)
      return `SES finds no MX record for ${first.MailFromDomain} (${first.MailFromDomainStatus}); the records MailFromMx and MailFromSpf of the stack's outputs in DNS do it`;
    // An identity that was there before us is as its owner wants it.
    if (seller.identity === 'existing') return undefined;
    return `mails of ${seller.from} bounce to amazonses.com, which some filters mind; \`npx cdk deploy\` makes a MAIL FROM domain`;
  },

  async sandbox({ target }) {
    const { ProductionAccessEnabled } = await new SESv2Client(target.config).send(new GetAccountCommand({}));
    return ProductionAccessEnabled
      ? undefined
      : 'SES mails to verified addresses only, in its sandbox; ask for production access in the SES console, it takes a day';
  },

  async sending({ target }) {
    const { Enabled } = await ses(target).send(new GetAccountSendingEnabledCommand({}));
    return Enabled
      ? undefined
      : "sending is paused in this account; SES's reputation page says why and lets it go on";
  },

  async quota({ target }) {
    const { Max24HourSend = 0, SentLast24Hours = 0 } = await ses(target).send(new GetSendQuotaCommand({}));
    // -1 is no limit: https://docs.aws.amazon.com/ses/latest/APIReference/API_GetSendQuota.html
    if (Max24HourSend === -1 || SentLast24Hours < Max24HourSend * NEARLY_ALL) return undefined;
    return `${SentLast24Hours} of ${Max24HourSend} mails of 24 hours are sent; ask for more in Service Quotas, under SES`;
  },

  async 'configuration-set'({ target, names }) {
    const { configurationSet } = await names();
    try {
      const command = new DescribeConfigurationSetCommand({
        ConfigurationSetName: configurationSet,
        ConfigurationSetAttributeNames: ['eventDestinations'],
      });
      const { EventDestinations = [] } = await ses(target).send(command);
      const told = EventDestinations.filter(({ Enabled, SNSDestination }) => Enabled && SNSDestination);
      const missing = EVENTS.filter((type) => !told.some((one) => one.MatchingEventTypes?.includes(type)));
      return missing.length === 0
        ? undefined
        : `the configuration set ${configurationSet} tells nobody of ${missing.join(', ')}; \`npx cdk deploy\` puts it right`;
    } catch (error) {
      if (!(error instanceof ConfigurationSetDoesNotExistException)) throw error;
      return `SES has no configuration set ${configurationSet} any more; somebody has deleted what the stack made`;
    }
  },
};

const NEARLY_ALL = 0.9;
/** What mail-events has to hear; delays too, of which this version of SES's API knows nothing. */
const EVENTS = ['send', 'delivery', 'bounce', 'complaint', 'reject'] as const;

const ses = ({ config }: Desk['target']) => new SESClient(config);

/** What may be verified for an address to send: https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html */
function identitiesOf(address: string): string[] {
  const labels = address
    .slice(address.lastIndexOf('@') + 1)
    .toLowerCase()
    .split('.');
  return [address, ...labels.slice(1).map((_, at) => labels.slice(at).join('.'))];
}
