/** The checks of `doctor --before-deploy`: what would make the next deployment fail, or hold every order after it. */
import { GetIdentityVerificationAttributesCommand } from '@aws-sdk/client-ses';
import { findProvider } from '../../../functions/core/catalogue/catalogue.ts';
import { providers } from '../../../functions/providers/index.ts';
import { CommandError } from '../cli/failure.ts';
import type { Names } from '../cli/target.ts';
import type { Check, Checks, DoctorContext } from './context.ts';
import { judgeOrders, ordersOf, recentOrders } from './judge-orders.ts';
import { identitiesOf, sandbox, ses } from './mail-checks.ts';
import { concurrency } from './stack-checks.ts';

/** @param file a CSV of past orders; the last 90 days of the deployed stack unless given. */
export function checksBefore({ catalogue }: DoctorContext, file: string | undefined): Checks {
  const unnamed = Object.keys(catalogue.providers).filter(
    (name) => findProvider(catalogue, name, providers)?.buyerFromApi,
  );
  return {
    identity,
    sandbox,
    concurrency,
    ...Object.fromEntries(unnamed.map((name) => [`buyers ${name}`, buyers(name)])),
    orders: async (context) => {
      if (file !== undefined) return judgeOrders(catalogue, await ordersOf(file));
      return (await findStack(context))
        ? judgeOrders(catalogue, await recentOrders(context.target))
        : undefined;
    },
  };
}

/** A first deployment fails if it creates an identity that SES has. A later one stops all mail if it changes the domain. */
const identity: Check = async (context) => {
  const { catalogue, target } = context;
  const { from, identity: proof } = catalogue.seller;
  const Identities = identitiesOf(from);
  const { VerificationAttributes: known = {} } = await ses(target).send(
    new GetIdentityVerificationAttributesCommand({ Identities }),
  );
  const domain = Identities[1] ?? '';
  const isVerified = Object.values(known).some((one) => one.VerificationStatus === 'Success');
  const names = await findStack(context);
  if (names && !isVerified && domain !== domainOf(names))
    return `this deployment changes the sender's domain to ${domain}, which SES has not verified: all mail would stop; verify it first as docs/go-live.md#another-domain says`;
  if (proof === 'existing')
    return isVerified
      ? undefined
      : `found identity: 'existing', but SES has not verified ${from} in this region; put the records into DNS that \`doctor\` prints, or write identity: 'records'`;
  return known[domain] && domain !== domainOf(names)
    ? `SES knows ${domain} already, so creating it would fail; write identity: 'existing'`
    : undefined;
};

const buyers =
  (name: string): Check =>
  async (context) => {
    const keys = (await findStack(context)) ? await context.providerKeys() : {};
    const entry = keys[name];
    if (typeof entry === 'object' && entry !== null && 'api' in entry) return undefined;
    return `notifications of ${name} name no buyer, and no API key is stored: every order is held as no_buyer unless your page sends the buyer as docs/providers says; store the key after the deployment with \`${context.target.command(`keys set ${name} --api-key`)}\``;
  };

/** The domain that the deployed stack sends from, by its DMARC record. */
const domainOf = (names: Names | undefined): string | undefined =>
  names && /^_dmarc\.(\S+) /.exec(names.output('Dmarc'))?.[1];

/** Undefined before the first deployment. */
async function findStack({ names }: DoctorContext): Promise<Names | undefined> {
  try {
    return await names();
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}
