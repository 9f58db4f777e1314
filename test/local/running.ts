/** Starts a local Keypost with its command line and a shop that sends orders. */
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Webhook } from 'standardwebhooks';
import { run } from '../../bin/commands/cli/program.ts';
import type { Terminal } from '../../bin/commands/cli/terminal.ts';
import type { CatalogueSettings } from '../../functions/core/catalogue/catalogue.ts';
import { start } from '../../local/start.ts';
import { catalogueFile } from '../fixtures/catalogue.ts';

const SIGNING = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** Copies the files of a running process, which are what a kill leaves. */
export function killedCopy(dataDir: string, folder: string): string {
  const copy = mkdtempSync(join(folder, 'killed-'));
  try {
    cpSync(dataDir, copy, { recursive: true });
    return copy;
  } catch (error) {
    // LevelDB may have removed a file meanwhile.
    if (!existsSync(dataDir)) throw error;
    return killedCopy(dataDir, folder);
  }
}

/** @param productKeys the value of the secret. */
export async function startKeypost({
  products,
  productKeys,
  onDisk = false,
  pages,
}: {
  readonly products: CatalogueSettings['products'];
  readonly productKeys: object;
  readonly onDisk?: boolean;
  readonly pages?: CatalogueSettings['pages'];
}) {
  const folder = mkdtempSync(join(tmpdir(), 'keypost-local-'));
  const config = join(folder, 'my.config.ts');
  const dataDir = onDisk ? join(folder, 'data') : undefined;
  writeFileSync(
    config,
    catalogueFile({ providers: { shop: {}, stripe: {} }, products, ...(pages && { pages }) }),
  );
  const started = () => start({ port: 0, awsPort: 0, dataDir, catalogue: config });
  let running = await started();
  const secrets = new SecretsManagerClient({ endpoint: running.aws });
  const put = (SecretId: string, value: object) =>
    secrets.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(value) }));
  await put('product-keys', productKeys);
  await put('provider-keys', { shop: { signing: [SIGNING] }, stripe: { signing: ['whsec_none'] } });

  return {
    folder,
    dataDir: dataDir ?? '',
    aws: () => running.aws,
    page: () => running.page,
    /** Runs `keypost … --local` in this process. */
    async keypost(args: readonly string[], ask?: Terminal['ask']) {
      let [out, err] = ['', ''];
      const code = await run([...args, '--local'], {
        env: {
          PORT: new URL(running.page).port,
          AWS_PORT: new URL(running.aws).port,
          KEYPOST_CONFIG: config,
        },
        print: (line) => {
          out += `${line}\n`;
        },
        complain: (line) => {
          err += `${line}\n`;
        },
        readSecret: async () => '',
        ask,
      });
      return { code, out, err };
    },
    /** Sends a message of the shop and returns the status. */
    async deliver(message: object): Promise<number> {
      const body = JSON.stringify(message);
      const at = new Date();
      const id = `msg_${randomUUID()}`;
      const response = await fetch(`${running.page}/orders/shop`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': new Webhook(SIGNING).sign(id, at, body),
        },
        body,
      });
      return response.status;
    },
    local: async (path: string, method = 'GET'): Promise<unknown> =>
      (await fetch(`${running.page}/local/${path}`, { method })).json(),
    async restart() {
      await running.stop();
      running = await started();
    },
    async stop() {
      await running.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
