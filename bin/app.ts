/** The CDK app: `npx cdk deploy` bundles the Lambdas and makes the one stack. */
import { App } from 'aws-cdk-lib';
import { CatalogueError } from '../functions/core/catalogue/catalogue.ts';
import { bundleLambdas, catalogueFile } from '../lib/bundle.ts';
import { KeypostStack } from '../lib/keypost-stack.ts';
import { loadCatalogue } from '../lib/load-catalogue.ts';

try {
  const file = catalogueFile(process.env.KEYPOST_CONFIG);
  const catalogue = await loadCatalogue(file);
  new KeypostStack(new App(), 'Keypost', { catalogue, bundles: await bundleLambdas(file) });
} catch (error) {
  if (!(error instanceof CatalogueError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
