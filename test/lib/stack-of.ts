/** Makes the stack of `npx cdk deploy` without its bundles, for tests of the complete stack. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import {
  type CatalogueSettings,
  defineConfig,
  hasMailStore,
} from '../../functions/core/catalogue/catalogue.ts';
import { programsOf } from '../../lib/build/inline-catalogue.ts';
import { KeypostStack } from '../../lib/keypost-stack.ts';
import demo from '../../local/demo-shop.ts';

const bundle = 'functions/providers/stripe/samples';

/** Returns the stack. The caller removes the folder. */
export function stackOf(settings: Partial<CatalogueSettings> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'keypost-stack-'));
  const { context } = JSON.parse(readFileSync('cdk.json', 'utf8'));
  const app = new App({
    outdir: folder,
    context: { ...context, 'aws:cdk:bundling-stacks': [] },
    builtinCloudFormationValidation: false,
  });
  const catalogue = defineConfig({ ...demo, ...settings });
  const stack = new KeypostStack(app, catalogue.stack ?? 'Keypost', {
    catalogue,
    bundles: {
      ...{ webhook: bundle, redeliver: bundle, 'mail-events': bundle, reconcile: bundle, operator: bundle },
      'order-mail': hasMailStore(catalogue) ? bundle : undefined,
      generate: programsOf(catalogue).length > 0 ? bundle : undefined,
      // The demo shop has pages; the tests of the other resources leave them out.
      pages: settings.pages ? bundle : undefined,
    },
  });
  return { app, stack, folder };
}
