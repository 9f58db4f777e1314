/** The rules of ARCHITECTURE.md. Each takes the sources and returns one line per violation. */
import { dirname } from 'node:path';
import { codeIn, commentsIn, importsIn, type Sources, withoutComments } from './sources.ts';

type Rule = (sources: Sources) => string[];

const isIn = (folder: string) => (file: string) => file === folder || file.startsWith(`${folder}/`);
const filesOf = (sources: Sources, ...folders: readonly string[]) =>
  [...sources].filter(([file]) => folders.some((folder) => isIn(folder)(file)));
const importEdges = (sources: Sources) =>
  [...sources].flatMap(([file, text]) => importsIn(file, text).map((one) => ({ file, ...one })));

/** The first folder that contains the file decides what it may import, except for types in `lib`. */
const MAY_IMPORT: readonly [folder: string, allowed: RegExp][] = [
  ['functions/core/find-profile', /^(functions\/core\/|csv-parse\/sync$|zod\/mini$|node:(buffer|crypto)$)/],
  ['functions/core/inbound/mail.ts', /^(functions\/core\/|postal-mime$)/],
  ['functions/core', /^(functions\/core\/|zod\/mini$|node:(buffer|crypto|tls|url|zlib)$)/],
  ['functions/providers', /^(functions\/(core|providers)\/|zod\/mini$|node:(buffer|crypto|tls|url|zlib)$)/],
  ['functions/aws', /^(functions\/(core|aws)\/|@aws-sdk\/|nodemailer\/|zod\/mini$|node:)/],
  ['functions/generator', /^(functions\/(core|generator)\/|zod\/mini$|node:)/],
  ['functions', /^(functions\/(core|aws|providers|generator)\/|functions\/env\.ts$|#catalogue$|zod\/mini$)/],
  [
    'lib/build/load-catalogue.ts',
    /^(lib\/|functions\/(core\/(catalogue|inbound)|providers|generator)\/|functions\/keypost\.ts$|esbuild$|zod\/mini$|node:)/,
  ],
  [
    'lib',
    /^(lib\/|functions\/(core\/catalogue\/|aws\/dynamodb\/table\.ts$)|aws-cdk-lib|constructs$|esbuild$|node:)/,
  ],
  ['bin/app.ts', /^(lib\/|functions\/core\/catalogue\/|aws-cdk-lib|node:)/],
  ['bin/local.ts', /^(local\/|functions\/core\/catalogue\/|bin\/commands\/(cli|desk)\/|node:)/],
  [
    'bin',
    /^(bin\/|functions\/(core|providers|aws|generator)\/|lib\/build\/load-catalogue\.ts$|[^.#/]+|@[^/]+\/)/,
  ],
  ['local', /^(local\/|functions\/|lib\/build\/(load-catalogue|bundle)\.ts$|[^.#/]+|@[^/]+\/)/],
];
/** The sending side of a provider is part of no Lambda. It may read samples and serve a fake API. */
const SENDING_SIDE = /^functions\/providers\/([^/]+\/(simulator|fake-api)|simulate|simulator)\.ts$/;
const OURS = /^(functions|lib|bin|local|test)\//;

export const importDirections: Rule = (sources) =>
  importEdges(sources).flatMap(({ file, path, isType }) => {
    const [folder, allowed] = MAY_IMPORT.find(([one]) => isIn(one)(file)) ?? [];
    if (!folder || (folder === 'lib' && isType && isIn('functions')(path))) return [];
    if (SENDING_SIDE.test(file) && path.startsWith('node:')) return [];
    const isForeign = !OURS.test(path) && (folder === 'bin' || folder === 'local');
    return isForeign || allowed?.test(path)
      ? []
      : [`${file} imports ${path}, which ${folder} may not import`];
  });

export const commandsWithoutLocal: Rule = (sources) =>
  importEdges(sources)
    .filter(({ file, path }) => isIn('bin/commands')(file) && isIn('local')(path))
    .map(({ file, path }) => `${file} imports ${path}`);

/** Follows static imports, types included. Reports each group of files that import each other in a circle. */
export const importCycles: Rule = (sources) => {
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const cycles: string[] = [];
  const visit = (file: string): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      return;
    }
    state.set(file, 'open');
    path.push(file);
    for (const one of importsIn(file, sources.get(file) ?? ''))
      if (!one.isLazy && sources.has(one.path)) visit(one.path);
    path.pop();
    state.set(file, 'done');
  };
  for (const file of sources.keys()) visit(file);
  return cycles;
};

const LAMBDAS = ['webhook', 'redeliver', 'mail-events', 'reconcile', 'order-mail', 'generate'].map(
  (name) => `functions/${name}.ts`,
);
const TOOLS = [
  'functions/core/operator',
  'functions/core/find-profile',
  'functions/core/serial/typed-serial.ts',
];

/** The tools of a person and the simulators are not part of any Lambda's bundle. */
export const lambdasWithoutTools: Rule = (sources) => {
  const reached = new Set<string>(LAMBDAS);
  for (const file of reached)
    for (const { path, isType } of importsIn(file, sources.get(file) ?? ''))
      if (!isType && sources.has(path)) reached.add(path);
  return [...reached]
    .filter((file) => TOOLS.some((folder) => isIn(folder)(file)) || SENDING_SIDE.test(file))
    .map((file) => `${file} is part of a Lambda's bundle`);
};

/** The layout of design 4. An unknown folder or file is a subject that ARCHITECTURE.md does not have. */
const LAYOUT: readonly [folder: string, entries: RegExp][] = [
  [
    'functions',
    /^(core|providers|aws|generator|env\.ts|keypost\.ts|webhook\.ts|pages\.ts|redeliver\.ts|mail-events\.ts|reconcile\.ts|generate\.ts|order-mail\.ts|operator\.ts)$/,
  ],
  [
    'functions/core',
    /^(inbound|order|serial|mail|pages|catalogue|operator|find-profile|(fulfil|order-mail|reconcile|world|request-world)\.ts)$/,
  ],
  ['bin', /^(app\.ts|keypost\.(ts|mjs)|prepack\.mjs|local\.ts|commands)$/],
  ['bin/commands', /^(orders|keys|serial|doctor|data|mails|codes|provider|desk|init|cli|[a-z-]+\.ts)$/],
];

export const layout: Rule = (sources) =>
  LAYOUT.flatMap(([folder, allowed]) =>
    [...entriesOf(sources, folder)]
      .filter((entry) => !allowed.test(entry))
      .map((entry) => `${folder}/${entry} is not part of the layout`),
  );

export const providerFolders: Rule = (sources) =>
  [...entriesOf(sources, 'functions/providers')]
    .filter((name) => !name.endsWith('.ts'))
    .flatMap((name) =>
      ['provider.ts', 'simulator.ts']
        .map((file) => `functions/providers/${name}/${file}`)
        .filter((file) => !sources.has(file))
        .map((file) => `${file} is missing`),
    );

const MOST_ENTRIES = 14;

export const folderSizes: Rule = (sources) => {
  const folders = new Set(
    filesOf(sources, 'functions', 'bin', 'lib', 'local').flatMap(([file]) => [
      dirname(file),
      dirname(dirname(file)),
    ]),
  );
  return [...folders]
    .filter((folder) => folder !== 'functions/providers')
    .map((folder) => [folder, entriesOf(sources, folder).size] as const)
    .filter(([, entries]) => entries > MOST_ENTRIES)
    .map(
      ([folder, entries]) => `${folder} has ${entries} entries; at most ${MOST_ENTRIES}: split it by subject`,
    );
};

function entriesOf(sources: Sources, folder: string): Set<string> {
  const inside = [...sources.keys()].filter((file) => file.startsWith(`${folder}/`));
  return new Set(inside.map((file) => file.slice(folder.length + 1).split('/')[0] ?? ''));
}

/** Private words that the words of the field have replaced. */
const FORBIDDEN = [
  ...['fate', 'fated', 'withFate', 'FATES', 'round', 'taken', 'noted', 'Noted', 'byHand', 'told', 'said'],
  ...['asked', 'given', 'spelled', 'written', 'concern', 'deskOf', 'Desk', 'place', 'placed', 'placeOf'],
  ...['Place', 'settled', 'damage', 'repaired', 'hears', 'Bell', 'bells', 'wish', 'Wish', 'Hand', 'goods'],
  ...['tellings', 'weather', 'plants', 'verdict', 'ledger'],
];
/** Names in stored items and in the external JSON, which do not change. */
const STORED = ['bin/commands/data/import.ts: written', 'functions/core/order/upcast.ts: round'];
const WORDS = new RegExp(String.raw`(?<!Math\.)\b(?:${FORBIDDEN.join('|')})\b`, 'g');

export const forbiddenIdentifiers: Rule = (sources) =>
  [...sources].flatMap(([file, text]) => {
    const found = new Set(codeIn(text).match(WORDS));
    return [...found].map((word) => `${file}: ${word}`).filter((one) => !STORED.includes(one));
  });

const OPENERS =
  /^(Of|What|Whether|Nothing|Nobody|Whoever|Whatever|Who|Whose|How|Where|Without|Never|Not|None|No)\b/i;
const MOST_OPENERS = 0.03;

/** A comment is a sentence with a subject and a verb. Reports the comments with another opener if they exceed 3 %. */
export const commentOpeners: Rule = (sources) => {
  const comments = [...sources].flatMap(([file, text]) => commentsIn(text).map((one) => ({ file, one })));
  const found = comments.filter(({ one }) => OPENERS.test(one));
  if (found.length <= comments.length * MOST_OPENERS) return [];
  return found.map(({ file, one }) => `${file}: ${one.replace(/\s+/g, ' ').slice(0, 70)}`);
};

/** TypeScript, JavaScript, CSS and HTML in functions, bin, lib and local. The goal is 24,000; nothing may be added above this. */
const MOST_LINES = 32_942;

export const lineBudget: Rule = (sources) => {
  const lines = [...sources.values()].reduce((sum, text) => sum + text.split('\n').length - 1, 0);
  return lines > MOST_LINES ? [`${lines} lines of source; at most ${MOST_LINES}`] : [];
};

/** The core has no clock, no chance, no settings and no output: they are passed in. */
export const pureCore: Rule = (sources) =>
  filesOf(sources, 'functions/core').flatMap(([file, text]) => {
    const impure =
      /\bprocess\b|\bconsole\b|Date\.now|new Date\(\)|Math\.random|randomUUID|randomBytes|setTimeout|\bfetch\(/;
    const [found] = impure.exec(codeIn(text)) ?? [];
    return found ? [`${file} uses ${found}`] : [];
  });

/**
 * Shared code names no provider. `block`, `shop` and `form` are also words. The command line may name one in a text, as an
 * example.
 */
export const noProviderNames: Rule = (sources) => {
  const names = [...entriesOf(sources, 'functions/providers')].filter(
    (name) => !name.endsWith('.ts') && !['block', 'shop', 'form'].includes(name),
  );
  return filesOf(sources, 'functions', 'lib', 'bin')
    .filter(([file]) => !isIn('functions/providers')(file))
    .flatMap(([file, text]) => {
      const code = isIn('bin')(file) ? codeIn(text) : withoutComments(text);
      const found = names.filter((name) => new RegExp(String.raw`\b${name}\b`, 'i').test(code));
      return found.length > 0 ? [`${file} names ${found.join(', ')}`] : [];
    });
};
