#!/usr/bin/env -S node --import tsx
/** `npm start`: Keypost on this machine. PORT, AWS_PORT, DATA_DIR and KEYPOST_CONFIG override the defaults. */
import { CatalogueError } from '../functions/core/catalogue/catalogue.ts';
import { plainLogs } from '../local/logs.ts';
import { settingsFrom } from '../local/settings.ts';
import { type Running, start } from '../local/start.ts';
import { StartError } from './commands/cli/http.ts';

plainLogs();

try {
  const settings = settingsFrom(process.env);
  const running = await start(settings);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void running.stop().then(() => process.exit(0)));
  console.log(welcome(running, settings.dataDir));
} catch (error) {
  if (!(error instanceof StartError || error instanceof CatalogueError)) throw error;
  console.error(error.message);
  process.exit(1);
}

function welcome({ page, aws, catalogue, keyFaults, notices }: Running, dataDir: string | undefined): string {
  const products = Object.keys(catalogue.products).join(', ');
  const webhooks = Object.entries(catalogue.providers).flatMap(([name, { mail }]) =>
    mail ? [] : `${page}/orders/${name}`,
  );
  return [
    '',
    `Keypost   ${page}   the page: make a serial, send a first order, read its mail`,
    `Webhooks  ${webhooks.join('  ')}`,
    `AWS       ${aws}   aws --endpoint-url ${aws} …`,
    `Data      ${dataDir ?? 'not stored'}`,
    `Products  ${products}`,
    ...[...keyFaults, ...notices].map((line) => `          ${line}`),
    '',
  ].join('\n');
}
