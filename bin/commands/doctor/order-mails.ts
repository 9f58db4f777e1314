/** Checks of the intake of order mails: the region, the MX record and the active receipt rules. */
import dns from 'node:dns/promises';
import { DescribeActiveReceiptRuleSetCommand, SESClient } from '@aws-sdk/client-ses';
import type { Check } from './context.ts';
import { domainOf, findIn } from './mail-checks.ts';

/** @param store the name of a mail store in the catalogue. */
export const orderMails =
  (store: string): Check =>
  async ({ catalogue, target, names }) => {
    const to = catalogue.providers[store]?.mail?.to.toLowerCase() ?? '';
    const client = new SESClient(target.config);
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
