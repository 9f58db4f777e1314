/** What every command that works on orders or keys has in common. */
import type { Command } from 'commander';
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import { catalogueFile } from '../../../lib/bundle.ts';
import { loadCatalogue } from '../../../lib/load-catalogue.ts';
import { STACK } from './target.ts';
import type { Terminal } from './terminal.ts';

/** With the options that say which Keypost is meant. */
export const placed = (command: Command): Command =>
  command
    .option('--local', 'the Keypost of `npm start` on this machine')
    .option('--stack <name>', 'the name of the deployed stack', STACK);

/** Throws a CatalogueError. */
export const catalogueOf = ({ env }: Terminal): Promise<Catalogue> =>
  loadCatalogue(catalogueFile(env.KEYPOST_CONFIG || undefined));
