/** The sender: its SES identity and its DNS records. */
import { RemovalPolicies, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { PublicHostedZone } from 'aws-cdk-lib/aws-route53';
import * as ses from 'aws-cdk-lib/aws-ses';
import type { Catalogue } from '../functions/core/catalogue/catalogue.ts';
import { allow } from './lambda.ts';

type Seller = Catalogue['seller'];

/** Creates the configuration set that every mail is sent with. */
export const mailing = (stack: Stack): ses.ConfigurationSet =>
  new ses.ConfigurationSet(stack, 'Mails', {
    // A server without TLS gets no mail: its buyer's order is held as bounced.
    tlsPolicy: ses.ConfigurationSetTlsPolicy.REQUIRE,
    reputationMetrics: true,
    suppressionReasons: ses.SuppressionReasons.BOUNCES_AND_COMPLAINTS,
    // The buyer has paid, so SES must not refuse an address only because it looks odd.
    disableAutoValidation: true,
  });

/**
 * Creates the identity unless the seller has one, and returns the DNS records that a person must add. DMARC is always
 * among them: a domain has one DMARC record, and this domain may have it already.
 */
export function identity(stack: Stack, { from, identity: proof }: Seller): Record<string, string> {
  const domain = domainOf(from);
  const dmarc = { Dmarc: `_dmarc.${domain} TXT "v=DMARC1; p=none"` };
  if (proof === 'existing') return dmarc;
  const bounce = `bounce.${domain}`;
  // CDK writes the records into the zone, below the name that it takes for the zone's name.
  const zone =
    proof !== 'records' &&
    PublicHostedZone.fromPublicHostedZoneAttributes(stack, 'Zone', {
      hostedZoneId: proof.zone.id,
      zoneName: domain,
    });
  const sender = new ses.EmailIdentity(stack, 'Sender', {
    identity: zone ? ses.Identity.publicHostedZone(zone) : ses.Identity.domain(domain),
    dkimIdentity: ses.DkimIdentity.easyDkim(ses.EasyDkimSigningKeyLength.RSA_2048_BIT),
    mailFromDomain: bounce,
  });
  // The names are fixed: what a rolled-back creation left would block the next one.
  RemovalPolicies.of(sender).apply(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
  if (zone) return dmarc;
  const dkim = sender.dkimRecords.map(({ name, value }, at) => [`Dkim${at + 1}`, `${name} CNAME ${value}`]);
  return {
    ...Object.fromEntries(dkim),
    // https://docs.aws.amazon.com/ses/latest/dg/mail-from.html
    MailFromMx: `${bounce} MX 10 feedback-smtp.${stack.region}.amazonses.com`,
    MailFromSpf: `${bounce} TXT "v=spf1 include:amazonses.com ~all"`,
    ...dmarc,
  };
}

export const domainOf = (address: string): string =>
  address.slice(address.lastIndexOf('@') + 1).toLowerCase();

/**
 * SES checks the permission for each identity of a mail (in the sandbox the buyer's, too) and for the configuration
 * set. The condition on the sender is what limits it: https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html
 */
export function maySend(to: IGrantable, { from }: Seller, mails: ses.ConfigurationSet): void {
  const resources = ['identity/*', `configuration-set/${mails.configurationSetName}`];
  const arns = resources.map((resource) => mails.stack.formatArn({ service: 'ses', resource }));
  allow(to, ['ses:SendRawEmail'], arns, { StringEquals: { 'ses:FromAddress': from } });
}
