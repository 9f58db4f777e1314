/** Keypost in one process: the deployed Lambdas, an embedded AWS for them, and a page to try them. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Handler, listen } from '../bin/commands/cli/http.ts';
import type { DeskHandler } from '../bin/commands/desk/server.ts';
import { LEASE } from '../functions/aws/dynamodb/table.ts';
import { LOCAL_NAMES } from '../functions/aws/local-names.ts';
import type { Catalogue } from '../functions/core/catalogue/catalogue.ts';
import { toEmailKey } from '../functions/core/mail/address.ts';
import { localGenerator } from '../functions/generator/process.ts';
import { loadCatalogue, noticesOf } from '../lib/build/load-catalogue.ts';
import { embeddedAws } from './aws/aws.ts';
import { NEW, OLD, PAST_FAULTS } from './aws/dynamodb.ts';
import type { Mails } from './aws/mails.ts';
import { client, copyTable, deleteItem, listOrders } from './aws/orders-table.ts';
import { diskFiles, memoryFiles, openLevel } from './files.ts';
import { keyFaults, seedKeys } from './keys.ts';
import { loadLambdas } from './lambdas/lambdas.ts';
import { redeliverRuns } from './lambdas/redeliver-runs.ts';
import { mailReceiver } from './order-mails.ts';
import { routes } from './routes.ts';
import { type Settings, useEmbeddedAws } from './settings.ts';

export interface Running {
  readonly page: string;
  readonly aws: string;
  readonly catalogue: Catalogue;
  /** A line for each key that is missing or unusable. */
  readonly keyFaults: readonly string[];
  /** Notes for the catalogue's author that are no mistakes. */
  readonly notices: readonly string[];
  stop(): Promise<void>;
}

/** Throws a StartError or a CatalogueError if the seller can fix the cause. */
export async function start({ port, awsPort, dataDir, catalogue: file }: Settings): Promise<Running> {
  const catalogue = await loadCatalogue(file);
  if (dataDir) {
    mkdirSync(dataDir, { recursive: true });
    chmodSync(dataDir, 0o700);
  }
  // Takes the lock before it reads anything: a second start must change nothing.
  const lock =
    dataDir && (await openLevel(join(dataDir, 'lock'), true, 'It has no data: delete it and start again.'));
  const files = dataDir ? diskFiles(dataDir) : memoryFiles();
  const generate = localGenerator(catalogue);
  const embedded = embeddedAws(dataDir, files, {
    sender: catalogue.seller.from,
    configurationSet: LOCAL_NAMES.configurationSet,
    generate,
  });
  const { mails, events, secrets, tables } = embedded;

  // Binds the page's port first, because the keys contain it. Requests wait until everything is ready.
  let ready = (_handler: Handler): void => undefined;
  const handler = new Promise<Handler>((resolve) => {
    ready = resolve;
  });
  const page = await listen(port, 'PORT', async (request, response) => (await handler)(request, response));
  const aws = await listen(awsPort, 'AWS_PORT', embedded.handler);
  const addresses = { page: `http://localhost:${page.port}`, aws: `http://localhost:${aws.port}` };
  useEmbeddedAws(`http://127.0.0.1:${aws.port}`);
  const dynamo = client(addresses.aws);
  const renewTable = (isStale: (key: string) => boolean) =>
    tables.renew((hasOld) =>
      copyTable(client(addresses.aws, NEW), hasOld ? client(addresses.aws, OLD) : undefined, isStale),
    );
  // Drops leases: those of an ended process would make `redeliver` wait.
  if (await tables.reopen()) await deleteItem(dynamo, LEASE);
  else await renewTable((key) => key.startsWith('lease#'));
  await seedKeys(secrets, catalogue, page.port);
  const lambdas = await loadLambdas(catalogue, {
    TABLE: LOCAL_NAMES.table,
    PRODUCT_KEYS: LOCAL_NAMES.productKeys,
    PROVIDER_KEYS: LOCAL_NAMES.providerKeys,
    CONFIGURATION_SET: LOCAL_NAMES.configurationSet,
    NAMESPACE: 'Keypost',
    KEYS_CACHED_SECONDS: '30',
    MAILS_BUCKET: LOCAL_NAMES.mailsBucket,
    PAGES: addresses.page,
    KEYPOST_KEYS: LOCAL_NAMES.keypostKeys,
    LIMITS: LOCAL_NAMES.limits,
    ...(generate ? { GENERATE: LOCAL_NAMES.generate } : {}),
  });
  const runs = redeliverRuns(lambdas.redeliver);
  events.deliverTo(lambdas.mailEvents);
  embedded.operateBy(lambdas.operator);
  ready(
    routes({
      ...{ ...addresses, ...embedded, ...lambdas, catalogue, runs, dynamo },
      desk: lazyDesk(file, page.port, aws.port),
      receiveMail: mailReceiver(embedded.objects, lambdas.orderMail),
      erase: (email) => erase(mails, dynamo, () => renewTable(() => false), email),
    }),
  );
  return {
    ...addresses,
    catalogue,
    keyFaults: keyFaults(secrets, catalogue),
    notices: noticesOf(catalogue),
    async stop() {
      runs.stop();
      events.stop();
      await page.close();
      await lambdas.stop();
      await aws.close();
      await tables.close();
      if (lock) await lock.close();
    },
  };
}

/** Loaded with the first request: the desk brings the command line's AWS clients. */
function lazyDesk(catalogue: string, page: number, aws: number): DeskHandler {
  let loaded: Promise<DeskHandler> | undefined;
  const load = async () => {
    const { desk } = await import('../bin/commands/desk/server.ts');
    const { targetFrom } = await import('../bin/commands/cli/target.ts');
    const { terminal } = await import('../bin/commands/cli/terminal.ts');
    const env = { PORT: String(page), AWS_PORT: String(aws), KEYPOST_CONFIG: catalogue };
    const target = targetFrom({ local: true }, env);
    const config = { ...target.config, endpoint: `http://localhost:${aws}${PAST_FAULTS}` };
    return desk(target, { ...terminal, env }, undefined, { ...target, config });
  };
  return async (request, response) => {
    loaded ??= load();
    return await (await loaded)(request, response);
  };
}

/**
 * Erases what this machine keeps of a person after the orders are erased: all mails to the person and of the erased
 * orders, and old versions of the items in the table's files.
 */
async function erase(
  mails: Mails,
  tables: DynamoDBClient,
  renewTable: () => Promise<void>,
  email: string,
): Promise<{ readonly mails: number }> {
  const erased = (await listOrders(tables)).filter(({ status }) => status === 'erased');
  const tags = new Set(erased.map(({ key }) => Buffer.from(key).toString('base64url')));
  const count = mails.erase(
    ({ to, tags: { order } }) =>
      to.some((address) => toEmailKey(address) === toEmailKey(email)) || tags.has(order ?? ''),
  );
  await renewTable();
  return { mails: count };
}
