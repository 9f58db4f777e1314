/** `keys generate`: a key for an app that is not out yet. */
import { Command } from '@commander-js/extra-typings';
import { type WhyOptions, withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { readSecret } from '../cli/secret.ts';
import { readCatalogue, type TargetOptions, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { randomKey } from './form.ts';
import { addVersion, productOrProvider } from './product-key.ts';

interface GenerateOptions extends TargetOptions, WhyOptions {
  readonly replace?: boolean;
}

export const keysGenerate = (terminal: Terminal) =>
  withWhyOption(withTargetOptions(new Command('generate')))
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
  const target = targetFrom(options, terminal.env);
  const product = productOrProvider(await readCatalogue(terminal), name);
  if (!product) {
    throw new CommandError(
      `${name} is a provider and makes its key itself; \`${target.command(`keys set ${name}`)}\` takes it`,
    );
  }
  const id = (await target.names()).productKeys;
  if (Object.hasOwn(await readSecret(target, id), name) && !options.replace) {
    throw new CommandError(
      `${name} has a key; apps in customers' hands would refuse serials made with another. If none is yet, add --replace`,
    );
  }
  await addVersion(terminal, target, name, randomKey(product.serial.key), options);
  const read = `aws secretsmanager get-secret-value --secret-id ${id} --query SecretString --output text`;
  terminal.print(`your app needs it; this shows it:\n  ${read}${target.awsOption}`);
}
