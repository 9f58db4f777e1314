/** What SES has to grant before a mail reaches a buyer. Each check answers undefined, or what is wrong and what would do. */
import {
  ConfigurationSetDoesNotExistException,
  DescribeConfigurationSetCommand,
  GetAccountSendingEnabledCommand,
  GetIdentityDkimAttributesCommand,
  GetIdentityVerificationAttributesCommand,
  GetSendQuotaCommand,
  SESClient,
} from '@aws-sdk/client-ses';
import { GetAccountCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import type { Checks, Desk } from './checks.ts';

export const senderChecks: Checks = {
  async identity({ catalogue: { seller }, place }) {
    const command = new GetIdentityVerificationAttributesCommand({ Identities: identitiesOf(seller.from) });
    const { VerificationAttributes = {} } = await ses(place).send(command);
    if (Object.values(VerificationAttributes).some((one) => one.VerificationStatus === 'Success'))
      return undefined;
    return Object.keys(VerificationAttributes).length > 0
      ? `${seller.from} is not verified yet; the DNS records of the stack's outputs do it, within hours`
      : `SES does not know ${seller.from} in this region; \`npx cdk deploy\` makes its identity, then DNS proves it`;
  },

  async dkim({ catalogue: { seller }, place }) {
    const command = new GetIdentityDkimAttributesCommand({ Identities: identitiesOf(seller.from) });
    const { DkimAttributes = {} } = await ses(place).send(command);
    const signed = Object.values(DkimAttributes).some(
      (one) => one.DkimEnabled && one.DkimVerificationStatus === 'Success',
    );
    return signed
      ? undefined
      : `mails of ${seller.from} are not signed; its domain as the identity and the three Dkim records of the stack's outputs in DNS do it`;
  },

  async sandbox({ place }) {
    const { ProductionAccessEnabled } = await new SESv2Client(place.config).send(new GetAccountCommand({}));
    return ProductionAccessEnabled
      ? undefined
      : 'SES mails to verified addresses only, in its sandbox; ask for production access in the SES console, it takes a day';
  },

  async sending({ place }) {
    const { Enabled } = await ses(place).send(new GetAccountSendingEnabledCommand({}));
    return Enabled
      ? undefined
      : "sending is paused in this account; SES's reputation page says why and lets it go on";
  },

  async quota({ place }) {
    const { Max24HourSend = 0, SentLast24Hours = 0 } = await ses(place).send(new GetSendQuotaCommand({}));
    // -1 is no limit: https://docs.aws.amazon.com/ses/latest/APIReference/API_GetSendQuota.html
    if (Max24HourSend === -1 || SentLast24Hours < Max24HourSend * NEARLY_ALL) return undefined;
    return `${SentLast24Hours} of ${Max24HourSend} mails of 24 hours are sent; ask for more in Service Quotas, under SES`;
  },

  async 'configuration-set'({ place, names }) {
    const { configurationSet } = await names();
    try {
      await ses(place).send(new DescribeConfigurationSetCommand({ ConfigurationSetName: configurationSet }));
      return undefined;
    } catch (error) {
      if (!(error instanceof ConfigurationSetDoesNotExistException)) throw error;
      return `SES has no configuration set ${configurationSet} any more; somebody has deleted what the stack made`;
    }
  },
};

const NEARLY_ALL = 0.9;

const ses = ({ config }: Desk['place']) => new SESClient(config);

/** What may be verified for an address to send: https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html */
function identitiesOf(address: string): string[] {
  const labels = address
    .slice(address.lastIndexOf('@') + 1)
    .toLowerCase()
    .split('.');
  return [address, ...labels.slice(1).map((_, at) => labels.slice(at).join('.'))];
}
