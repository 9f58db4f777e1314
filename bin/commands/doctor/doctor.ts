/** `doctor`: checks everything that a sale needs, and tells how to fix what is wrong. */
import { Command } from '@commander-js/extra-typings';
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import { columns, json } from '../cli/columns.ts';
import { CommandError, explain } from '../cli/failure.ts';
import { readCatalogue, type Target, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { checksBefore } from './before-deploy.ts';
import { type Check, type Checks, type DoctorContext, doctorContext } from './context.ts';
import { dmarc, orderMails, senderChecks } from './mail-checks.ts';
import { clock, deployed, lambda, productKey, providerKey, stack, table, webhook } from './stack-checks.ts';
import { testOrder } from './test-order.ts';

interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'bad' | 'unknown';
  /** Null if the state is ok. */
  readonly cure: string | null;
}

export const doctor = (terminal: Terminal) =>
  withTargetOptions(new Command('doctor'))
    .description('check everything that a sale needs, and say how to fix it')
    .option('--no-order', 'send no test order')
    .option('--before-deploy', 'check what the next deployment needs, and judge past orders by its catalogue')
    .option('--orders <file>', 'with --before-deploy: a CSV of past orders instead of the last 90 days')
    .option('--json', 'print JSON for scripts')
    .addHelpText('after', HELP)
    .action(async ({ order, beforeDeploy, orders, json: isJson, ...options }) => {
      const context = doctorContext(await readCatalogue(terminal), targetFrom(options, terminal.env));
      const { providers, protect } = context.catalogue;
      const found = await runChecks(
        context,
        beforeDeploy ? checksBefore(context, orders) : checksFor(context.catalogue, context.target),
      );
      const takesTestOrders = Object.values(providers).some(({ testOrders }) => testOrders === 'seller');
      // After a failed check the test order would only fail for the same reason.
      const sendsOrder = order && !beforeDeploy && takesTestOrders;
      if (sendsOrder && found.every(({ state }) => state === 'ok'))
        found.push(await runCheck(context, 'test-order', testOrder));
      const rows = found.map(({ check, state, cure }, at) => {
        const isRepeated = cure !== null && cure === found[at - 1]?.cure;
        return [LABELS[state], check, isRepeated ? 'see above' : (cure ?? '')];
      });
      terminal.print(isJson ? json(found) : columns(rows));
      if (!takesTestOrders && !beforeDeploy && !isJson)
        terminal.print("Set testOrders: 'seller' for a provider, and doctor has a test order mailed to you.");
      const failed = found.filter(({ state }) => state !== 'ok').length;
      if (failed > 0) throw new CommandError(`${failed} of ${found.length} are not ok`);
      if (!protect && !beforeDeploy && !options.local && !isJson)
        terminal.print(
          'Write protect: true into the catalogue and deploy: the stack cannot be deleted by mistake then.',
        );
    });

const HELP = `
If all checks pass, doctor signs a test order as the provider does, sends it to the
public address and waits until a mail to you has been sent. This needs one provider
with testOrders: 'seller' in the catalogue. The exit code is 0 if everything is ok,
otherwise 1.

Examples:
  npm run keypost -- doctor                  check the deployed stack
  npm run keypost -- doctor --before-deploy --orders past.csv
                                           the columns of past.csv are
                                           provider,order,sku,name,email,amount,currency
  npm run keypost -- doctor --local --json   check this machine, from a script`;

const LABELS = { ok: 'ok', bad: 'not ok', unknown: 'unknown' } as const;

const runChecks = (context: DoctorContext, checks: Checks): Promise<Finding[]> =>
  Promise.all(Object.entries(checks).map(([name, check]) => runCheck(context, name, check)));

/** All checks except the test order, for the desk. Without a catalogue, no check of a product or a provider. */
export const findings = (catalogue: Catalogue | undefined, target: Target): Promise<readonly Finding[]> =>
  runChecks(
    doctorContext(catalogue, target),
    checksFor(catalogue ?? { products: {}, providers: {} }, target),
  );

/** `npm start` has no stack, no alarm topic, and its Lambdas are reached through the webhook's address only. */
function checksFor(
  { products, providers }: Pick<Catalogue, 'products' | 'providers'>,
  { local }: Target,
): Checks {
  const each = (names: readonly string[], title: string, check: (name: string) => Check) =>
    Object.fromEntries(names.map((name) => [`${title} ${name}`, check(name)]));
  const stores = Object.keys(providers).filter((name) => providers[name]?.mail);
  const webhooks = Object.keys(providers).filter((name) => !providers[name]?.mail);
  const hasProgram = Object.values(products).some(({ serial }) => serial.kind === 'program');
  const optional: Checks = {
    ...each(stores, 'order-mails', orderMails),
    ...(stores.length > 0 && { 'order-mail': lambda('OrderMailFunction') }),
    ...(hasProgram && { generate: lambda('GenerateFunction') }),
  };
  return {
    ...(local ? {} : { stack }),
    ...senderChecks,
    ...each(Object.keys(products), 'product-key', productKey),
    ...each(webhooks, 'provider-key', providerKey),
    table,
    ...each(webhooks, 'webhook', webhook),
    ...(webhooks.length > 0 ? { clock } : {}),
    ...(local ? {} : { ...optional, ...deployed, dmarc }),
  };
}

async function runCheck(context: DoctorContext, name: string, check: Check): Promise<Finding> {
  try {
    const cure = await check(context);
    return cure === undefined
      ? { check: name, state: 'ok', cure: null }
      : { check: name, state: 'bad', cure };
  } catch (error) {
    return { check: name, state: 'unknown', cure: explain(error, context.target.local) };
  }
}
