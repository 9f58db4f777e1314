/** Keypost on one machine: the deployed Lambdas, an embedded AWS under them, a page above them, in one process. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalogue } from '../functions/core/catalogue/catalogue.ts';
import { loadCatalogue } from '../lib/load-catalogue.ts';
import { embeddedAws } from './aws/aws.ts';
import { LEFT, NEXT } from './aws/dynamodb.ts';
import { client, freshTable, TABLE } from './aws/orders-table.ts';
import { erase } from './erase.ts';
import { diskFiles, memoryFiles, openLevel } from './files.ts';
import { type Handler, listen } from './http.ts';
import { keyFaults, PRODUCT_KEYS, PROVIDER_KEYS, seedKeys } from './keys.ts';
import { loadLambdas } from './lambdas.ts';
import { redeliverRuns } from './redeliver-runs.ts';
import { routes } from './routes.ts';
import { type Settings, useEmbeddedAws } from './settings.ts';

export interface Running {
  readonly page: string;
  readonly aws: string;
  readonly catalogue: Catalogue;
  /** What is wrong with keys, a line each. */
  readonly keyFaults: readonly string[];
  stop(): Promise<void>;
}

const CONFIGURATION_SET = 'keypost';

/** Throws a StartError or a CatalogueError where the seller can mend it. */
export async function start({ port, awsPort, dataDir, catalogue: file }: Settings): Promise<Running> {
  const catalogue = await loadCatalogue(file);
  if (dataDir) {
    mkdirSync(dataDir, { recursive: true });
    chmodSync(dataDir, 0o700);
  }
  // Before anything is read: a second start must change nothing.
  const lock =
    dataDir && (await openLevel(join(dataDir, 'lock'), true, 'It has no data: delete it and start again.'));
  const files = dataDir ? diskFiles(dataDir) : memoryFiles();
  const embedded = embeddedAws(dataDir, files, {
    sender: catalogue.seller.from,
    configurationSet: CONFIGURATION_SET,
  });
  const { faults, mails, events, secrets, tables } = embedded;

  // The page's port is bound first, for the keys name it; whoever calls before all is ready waits.
  let ready = (_handler: Handler): void => undefined;
  const handler = new Promise<Handler>((resolve) => {
    ready = resolve;
  });
  const page = await listen(port, 'PORT', async (request, response) => (await handler)(request, response));
  const aws = await listen(awsPort, 'AWS_PORT', embedded.handler);
  const addresses = { page: `http://localhost:${page.port}`, aws: `http://localhost:${aws.port}` };
  useEmbeddedAws(`http://127.0.0.1:${aws.port}`);
  const ours = client(addresses.aws);
  const renewTable = (isOver: (key: string) => boolean) =>
    tables.renewed((hasLeft) =>
      freshTable(client(addresses.aws, NEXT), hasLeft ? client(addresses.aws, LEFT) : undefined, isOver),
    );
  // A lease of a process that is gone would keep `redeliver` waiting.
  await renewTable((key) => key.startsWith('lease#'));
  await seedKeys(secrets, catalogue, page.port);
  const lambdas = await loadLambdas(catalogue, {
    TABLE,
    PRODUCT_KEYS,
    PROVIDER_KEYS,
    CONFIGURATION_SET,
    NAMESPACE: 'Keypost',
    KEYS_CACHED_SECONDS: '30',
  });
  const runs = redeliverRuns(lambdas.redeliver);
  events.listening(lambdas.mailEvents);
  ready(
    routes({
      ...addresses,
      catalogue,
      webhook: lambdas.webhook,
      runs,
      faults,
      secrets,
      mails,
      events,
      tables: ours,
      erase: (email) => erase(mails, ours, () => renewTable(() => false), email),
    }),
  );
  return {
    ...addresses,
    catalogue,
    keyFaults: keyFaults(secrets, catalogue),
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
