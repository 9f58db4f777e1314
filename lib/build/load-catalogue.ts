/** Reads the catalogue for programs that run here: the stack, `npm start`, the commands. A Lambda's bundle has its own. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Plugin } from 'esbuild';
import * as z from 'zod/mini';
import {
  type Catalogue,
  CatalogueError,
  type CatalogueSettings,
  defineConfig,
  findBuiltIn,
  findProvider,
  floorOf,
  unknownProviders,
} from '../../functions/core/catalogue/catalogue.ts';
import * as rejection from '../../functions/core/inbound/rejection.ts';
import { functionFaults, programFaults } from '../../functions/generator/vectors.ts';
import * as keypost from '../../functions/keypost.ts';
import { allProviders as providers } from '../../functions/providers/all.ts';
import { mailStores } from '../../functions/providers/mail-stores.ts';

/** Returns the path of the file that a seller edits; `KEYPOST_CONFIG` names another. */
export const catalogueFile = (named: string | undefined): string => resolve(named ?? 'keypost.config.ts');

/** Loads and checks the file, which may be outside this repository. Throws a CatalogueError. */
export async function loadCatalogue(path: string): Promise<Catalogue> {
  if (!existsSync(path))
    throw new CatalogueError([`${path}: there is no such file; KEYPOST_CONFIG names the catalogue`]);
  const compiled = await compile(path);
  const loaded: { readonly default?: CatalogueSettings } = await importText(compiled);
  if (!loaded.default)
    throw new CatalogueError([`${path}: exports no catalogue; \`export default defineConfig({…})\` does`]);
  const catalogue = defineConfig(loaded.default);
  const found = [
    ...unknownProviders(catalogue, providers),
    ...wrongOptions(catalogue),
    ...wrongMail(catalogue),
  ];
  const mistakes = found.length > 0 ? found : floorsWithoutPrice(catalogue);
  if (mistakes.length > 0) throw new CatalogueError(mistakes);
  const hasCode =
    Object.values(catalogue.products).some(({ serial }) => serial.kind === 'function') ||
    Object.values(catalogue.providers).some(({ use }) => use);
  const code = { file: resolve(path), hash: sha256(compiled) };
  return { ...(await withPrograms(catalogue, dirname(path))), ...(hasCode ? { code } : {}) };
}

/** Checks that each program, found beside the catalogue's file, and each function makes the serials of its vectors. */
async function withPrograms(catalogue: Catalogue, folder: string): Promise<Catalogue> {
  const products = { ...catalogue.products };
  const mistakes: string[] = [];
  for (const [id, product] of Object.entries(products)) {
    const { serial } = product;
    if (serial.kind !== 'program' && serial.kind !== 'function') continue;
    const vectors = serial.vectors.map((vector) => ({ ...vector, product: id }));
    if (serial.kind === 'function') {
      const found = await functionFaults(serial.make, serial, vectors);
      mistakes.push(...found.map((fault) => `products.${id}.serial: ${fault}`));
      continue;
    }
    const file = resolve(folder, serial.file);
    const faults = existsSync(file)
      ? await programFaults(readFileSync(file), serial, vectors)
      : ['found no such file; write a path relative to the catalogue, or compile the program'];
    mistakes.push(...faults.map((fault) => `products.${id}.serial: ${serial.file}: ${fault}`));
    products[id] = { ...product, serial: { ...serial, file } };
  }
  if (mistakes.length > 0) throw new CatalogueError(mistakes);
  return { ...catalogue, products };
}

/** Loads a module of the seller's own. */
export const loadModule = async (path: string): Promise<Readonly<Record<string, unknown>>> =>
  await importText(await compile(path));

const importText = (compiled: string) =>
  import(`data:text/javascript;base64,${Buffer.from(compiled).toString('base64')}`);

/** `keypost` as a seller's files import it: the copy that runs here, so that a Rejection is of the same class. */
const RUNNING = {
  ...keypost,
  ...rejection,
  // `loadCatalogue` checks the catalogue, so `defineConfig` need not.
  defineConfig: (settings: unknown) => settings,
};
const EXPORTS = `export const { ${Object.keys(RUNNING).join(', ')} } = globalThis[Symbol.for('keypost')];`;

/** Compiles the file and what it imports. Between starts the code is kept, because esbuild takes 0.3 s of CPU. */
async function compile(path: string): Promise<string> {
  Reflect.set(globalThis, Symbol.for('keypost'), RUNNING);
  const cache = resolve('.bundles/catalogues', `${sha256(`${path}\0${EXPORTS}`)}.json`);
  return readCompiled(cache) ?? (await build(path, cache));
}

const Compiled = z.object({ code: z.string(), inputs: z.record(z.string(), z.string()) });

/** Returns undefined if a file that the code was compiled from has changed. */
function readCompiled(cache: string): string | undefined {
  try {
    const { code, inputs } = Compiled.parse(JSON.parse(readFileSync(cache, 'utf8')));
    return Object.entries(inputs).every(([file, hash]) => hashOf(file) === hash) ? code : undefined;
  } catch {
    // It is compiled for the first time, or a file has moved.
    return undefined;
  }
}

async function build(path: string, cache: string): Promise<string> {
  const esbuild = await import('esbuild');
  const { outputFiles, metafile } = await esbuild
    .build({
      entryPoints: [path],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      logLevel: 'silent',
      plugins: [thisKeypost],
    })
    .catch((error: unknown) => {
      throw error instanceof Error && 'errors' in error ? new CatalogueError([error.message]) : error;
    });
  const code = outputFiles[0]?.text ?? '';
  const files = Object.keys(metafile.inputs).filter((name) => !name.startsWith('keypost:'));
  try {
    const inputs = Object.fromEntries(files.map((name) => [resolve(name), hashOf(name)]));
    mkdirSync(dirname(cache), { recursive: true });
    writeFileSync(`${cache}.${process.pid}`, JSON.stringify({ code, inputs }));
    renameSync(`${cache}.${process.pid}`, cache);
  } catch {
    // The folder cannot be written: the next start compiles again.
  }
  return code;
}

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
const hashOf = (file: string): string => sha256(readFileSync(file));

const thisKeypost: Plugin = {
  name: 'this-keypost',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^keypost$|[\\/]rejection\.ts$/ }, () => ({ path: 'keypost', namespace: 'keypost' }));
    onLoad({ filter: /.*/, namespace: 'keypost' }, () => ({ contents: EXPORTS }));
  },
};

/** Returns notes for the seller that are no mistakes. */
export const noticesOf = (catalogue: Catalogue): readonly string[] =>
  Object.entries(catalogue.providers).flatMap(([name, { options }]) => {
    const skus = Object.values(catalogue.products).flatMap((product) => product.skus[name] ?? []);
    const notice = findProvider(catalogue, name, providers)?.noticeOf?.(skus, options);
    return notice === undefined ? [] : [`providers.${name}: ${notice}`];
  });

/** Each provider checks its own options, because only its file knows them. */
function wrongOptions(catalogue: Catalogue): string[] {
  return Object.entries(catalogue.providers).flatMap(([name, { options }]) => {
    const schema = findProvider(catalogue, name, providers)?.options ?? z.strictObject({});
    const issues = schema.safeParse(options, { reportInput: true }).error?.issues ?? [];
    return issues.map(({ path, message, code, input }) => {
      const where = ['providers', name, 'options', ...path].join('.');
      return `${where}: found ${input === undefined ? 'nothing' : code.replaceAll('_', ' ')}; ${message}; see docs/providers`;
    });
  });
}

/** Finds mail stores without the settings that they need, and stores whose orders would arrive twice. */
function wrongMail(catalogue: Catalogue): string[] {
  const entries = Object.entries(catalogue.providers);
  const isMail = (name: string) => findBuiltIn(catalogue, name, mailStores) !== undefined;
  const webhooks = new Map(
    entries.flatMap(([name, { as = name }]) => (isMail(name) ? [] : [[as, name] as const])),
  );
  return entries.flatMap(([name, { as = name, mail, use }]) => {
    const at = `providers.${name}`;
    const store = findBuiltIn(catalogue, name, mailStores);
    if (use && (as !== name || mail || use.channel === 'mail'))
      return [
        `${at}.use: found \`as\`, \`mail\` or a mail store with it; write \`use\` alone, for a provider that sends webhooks`,
      ];
    if (!store)
      return mail
        ? [`${at}.mail: found mail of a provider that sends webhooks; remove it, or write as: 'block'`]
        : [];
    if (!mail) return [`${at}.mail: found nothing; write { to: 'the address that the store writes to' }`];
    const twin = [as, name].map((one) => webhooks.get(one.replace(/-mail$/, ''))).find(Boolean);
    const shared = entries.find(([other, { mail: its }]) => other !== name && its?.to === mail.to)?.[0];
    const found = [
      store.domains.length === 0 &&
        !mail.from &&
        ".mail.from: found nothing; write the domains of the store's From addresses",
      store.needsPayee &&
        !mail.payee &&
        '.mail.payee: found nothing; write the address of your account, as the mails print it',
      twin &&
        `: found the webhook of the same store, ${twin}; enable one, and use \`keypost reconcile\` as the second way in`,
      shared && `.mail.to: found the address of ${shared}; write one address for each store`,
    ];
    return found.flatMap((mistake) => (mistake ? `${at}${mistake}` : []));
  });
}

/** Finds the products whose every order would be held: they have a floor, and a provider never states their price. */
function floorsWithoutPrice(catalogue: Catalogue): string[] {
  return Object.entries(catalogue.products).flatMap(([id, product]) =>
    Object.entries(product.skus).flatMap(([name, list]) => {
      const provider = findProvider(catalogue, name, providers);
      const options = catalogue.providers[name]?.options;
      const without = list.filter(
        (sku) => floorOf(product, name, sku) && provider?.statesPrice?.(sku, options) === false,
      );
      return without.map(
        (sku) =>
          `products.${id}.floor: found a floor, but ${name} never states the price of ${JSON.stringify(sku)}; write no floor, or have the price stated as docs/providers says`,
      );
    }),
  );
}
