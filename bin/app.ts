/** The CDK app: `npx cdk deploy` bundles the Lambdas and creates the one stack. */
import { CatalogueError } from '../functions/core/catalogue/catalogue.ts';
import { bundleLambdas } from '../lib/build/bundle.ts';
import { catalogueFile, loadCatalogue, noticesOf } from '../lib/build/load-catalogue.ts';

try {
  const catalogue = await loadCatalogue(catalogueFile(process.env.KEYPOST_CONFIG));
  for (const notice of noticesOf(catalogue)) console.error(`Notice: ${notice}`);
  // Loaded after the check of the catalogue, because the CDK takes a second.
  const { App } = await import('aws-cdk-lib');
  const { KeypostStack } = await import('../lib/keypost-stack.ts');
  new KeypostStack(new App(), catalogue.stack ?? 'Keypost', {
    catalogue,
    bundles: await bundleLambdas(catalogue),
  });
} catch (error) {
  if (!(error instanceof CatalogueError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
