/** `keys generate`: makes a key for an app that has not been released. */
import { Command } from '@commander-js/extra-typings';
import { withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { readSecret } from '../cli/secret.ts';
import { type OptionsOf, readCatalogue, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { findProduct, setProductKey } from './change.ts';
import { randomKey } from './form.ts';

export const keysGenerate = (terminal: Terminal) =>
  define().action((name, options) => generate(terminal, name, options));

const define = () =>
  withWhyOption(withTargetOptions(new Command('generate')))
    .argument('<product>', 'a product of the catalogue')
    .description("make a random key of the product's form")
    .option('--replace', 'even if the product has a key: only apps with the new key accept new serials')
    .addHelpText('after', '\nExample:\n  npx --no keypost keys generate widgetpro-win');

type GenerateOptions = OptionsOf<typeof define>;

async function generate(terminal: Terminal, name: string, options: GenerateOptions): Promise<void> {
  const target = targetFrom(options, terminal.env);
  const product = findProduct(await readCatalogue(terminal), name);
  if (!product) {
    throw new CommandError(
      `${name} is a provider, which makes its own key; set that with \`${target.command(`keys set ${name}`)}\``,
    );
  }
  const secret = (await target.names()).productKeys;
  if (Object.hasOwn(await readSecret(target, secret), name) && !options.replace) {
    throw new CommandError(
      `${name} already has a key, and released apps refuse serials made with another; if no app is released, add --replace`,
    );
  }
  await setProductKey(terminal, target, name, randomKey(product.serial.key), options);
  const command = `aws secretsmanager get-secret-value --secret-id ${secret} --query SecretString --output text`;
  terminal.print(`your app needs the key; show it with:\n  ${command}${target.awsOption}`);
}
