/** Starts the embedded AWS of a run over HTTP, with an empty table. */

import { listen } from '../../../bin/commands/cli/http.ts';
import { embeddedAws } from '../../../local/aws/aws.ts';
import { NEW } from '../../../local/aws/dynamodb.ts';
import { client, copyTable } from '../../../local/aws/orders-table.ts';
import { memoryFiles } from '../../../local/files.ts';
import { useEmbeddedAws } from '../../../local/settings.ts';
import { catalogue } from '../world/catalogue.ts';

export const CONFIGURATION_SET = 'keypost';

/** Starts the embedded AWS and points every AWS client of this process to it. */
export async function startAws() {
  const own = { sender: catalogue.seller.from, configurationSet: CONFIGURATION_SET };
  const embedded = embeddedAws(undefined, memoryFiles(), own);
  const server = await listen(0, 'AWS_PORT', embedded.handler);
  const address = `http://127.0.0.1:${server.port}`;
  useEmbeddedAws(address);
  await embedded.tables.renew(() => copyTable(client(address + NEW, ''), undefined, () => false));
  return {
    ...embedded,
    address,
    async stop() {
      embedded.events.stop();
      await server.close();
      await embedded.tables.close();
    },
  };
}
