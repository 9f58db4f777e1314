/** `keys generate`: a key for an app that is not out yet. */
import { Command } from 'commander';
import { explained, type WhyOptions } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { readSecret } from '../cli/secret.ts';
import { type PlaceOptions, placeOf } from '../cli/target.ts';
import { catalogueOf, placed } from '../cli/target-options.ts';
import type { Terminal } from '../cli/terminal.ts';
import { randomKey } from './form.ts';
import { addVersion, productOrProvider } from './product-key.ts';

interface GenerateOptions extends PlaceOptions, WhyOptions {
  readonly replace?: boolean;
}

export const keysGenerate = (terminal: Terminal): Command =>
  explained(placed(new Command('generate')))
    .argument('<product>', 'a product of the catalogue')
    .description('a new random key of the form that the product asks for')
    .option(
      '--replace',
      'even if the product has a key: serials made from now on fit only apps with the new one',
    )
    .addHelpText('after', GENERATE)
    .action((name: string, options: GenerateOptions) => generate(terminal, name, options));

const GENERATE = `
Example:
  npx --no keypost keys generate widgetpro-win`;

async function generate(terminal: Terminal, name: string, options: GenerateOptions): Promise<void> {
  const place = placeOf(options, terminal.env);
  const product = productOrProvider(await catalogueOf(terminal), name);
  if (!product) {
    throw new CommandError(
      `${name} is a provider and makes its key itself; \`${place.command(`keys set ${name}`)}\` takes it`,
    );
  }
  const id = (await place.names()).productKeys;
  if (Object.hasOwn(await readSecret(place, id), name) && !options.replace) {
    throw new CommandError(
      `${name} has a key; apps in customers' hands would refuse serials made with another. If none is yet, add --replace`,
    );
  }
  await addVersion(terminal, place, name, randomKey(product.serial.key), options);
  const read = `aws secretsmanager get-secret-value --secret-id ${id} --query SecretString --output text`;
  terminal.print(`your app needs it; this shows it:\n  ${read}${place.awsOption}`);
}
