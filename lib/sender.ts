/** Whom the mails come from, as SES and DNS know it. */
import { RemovalPolicies, type Stack } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { PublicHostedZone } from 'aws-cdk-lib/aws-route53';
import * as ses from 'aws-cdk-lib/aws-ses';
import type { Catalogue } from '../functions/core/catalogue/catalogue.ts';
import { allow } from './lambda.ts';

type Seller = Catalogue['seller'];

/** The configuration set that every mail goes through. */
export const mailing = (stack: Stack): ses.ConfigurationSet =>
  new ses.ConfigurationSet(stack, 'Mails', {
    tlsPolicy: ses.ConfigurationSetTlsPolicy.REQUIRE,
    reputationMetrics: true,
    suppressionReasons: ses.SuppressionReasons.BOUNCES_AND_COMPLAINTS,
    // The buyer has paid: the oddest address is tried.
    disableAutoValidation: true,
  });

/**
 * Makes the identity where the seller has none, and answers the DNS records that are left to a person. DMARC always
 * is: a domain has one record of it, and this one may have it already.
 */
export function identity(stack: Stack, { from, identity: proof }: Seller): Record<string, string> {
  if (proof === 'existing') return {};
  const domain = from.slice(from.lastIndexOf('@') + 1).toLowerCase();
  const bounce = `bounce.${domain}`;
  // Into a zone the library writes the records itself, below the name it takes to be the zone's.
  const zone =
    proof !== 'records' &&
    PublicHostedZone.fromPublicHostedZoneAttributes(stack, 'Zone', {
      hostedZoneId: proof.zone.id,
      zoneName: domain,
    });
  const made = new ses.EmailIdentity(stack, 'Sender', {
    identity: zone ? ses.Identity.publicHostedZone(zone) : ses.Identity.domain(domain),
    dkimIdentity: ses.DkimIdentity.easyDkim(ses.EasyDkimSigningKeyLength.RSA_2048_BIT),
    mailFromDomain: bounce,
  });
  RemovalPolicies.of(made).retain();
  const dmarc = { Dmarc: `_dmarc.${domain} TXT "v=DMARC1; p=none"` };
  if (zone) return dmarc;
  const dkim = made.dkimRecords.map(({ name, value }, at) => [`Dkim${at + 1}`, `${name} CNAME ${value}`]);
  return {
    ...Object.fromEntries(dkim),
    // https://docs.aws.amazon.com/ses/latest/dg/mail-from.html
    MailFromMx: `${bounce} MX 10 feedback-smtp.${stack.region}.amazonses.com`,
    MailFromSpf: `${bounce} TXT "v=spf1 include:amazonses.com ~all"`,
    ...dmarc,
  };
}

/**
 * SES asks for the right to each identity that a mail touches (in the sandbox the buyer's, too) and to the
 * configuration set; what bounds it is the sender: https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html
 */
export function maySend(to: IGrantable, { from }: Seller, mails: ses.ConfigurationSet): void {
  const resources = ['identity/*', `configuration-set/${mails.configurationSetName}`];
  const arns = resources.map((resource) => mails.stack.formatArn({ service: 'ses', resource }));
  allow(to, ['ses:SendRawEmail'], arns, { StringEquals: { 'ses:FromAddress': from } });
}
