/** Describes the mistakes in a catalogue: `path: found …; write …`. The texts never quote a secret. */
import * as z from 'zod/mini';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Describes an issue found by zod; `at` is the path of the part that was parsed. */
export function describeIssue(issue: Issue, at: Path = []): string[] {
  const path = [...at, ...issue.path];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknown([...path, key], issue.message));
  if (issue.code === 'invalid_key') return issue.issues.flatMap((inner) => describeIssue(inner, path));
  // The messages of the serial profile already state what was found.
  if (issue.message.startsWith('found ')) return [`${formatPath(path)}: ${issue.message}`];
  return [`${formatPath(path)}: found ${describe(issue.input, path)}; write ${expected(issue)}`];
}

/**
 * Finds contradictions between parts: a SKU twice in one product, or as a product and ignored; SKUs of a provider that is
 * not enabled. Several products may list one SKU: it is a bundle.
 */
export function findContradictions(settings: unknown): string[] {
  const { providers, products } = Readable.parse(settings);
  const places = new Map<string, { readonly product: string | undefined; readonly path: string }[]>();
  const mistakes: string[] = [];
  const add = (provider: string, sku: string, path: Path, product?: string) => {
    if (!sku) return;
    const key = JSON.stringify([provider, sku]);
    const known = places.get(key) ?? [];
    const other = known.find((one) => one.product === product || !one.product || !product);
    if (other)
      mistakes.push(
        `${formatPath(path)}: found ${quoted(sku)}, which is also at ${other.path}; write it once`,
      );
    else places.set(key, [...known, { product, path: formatPath(path) }]);
  };
  for (const [id, { skus }] of Object.entries(products)) {
    for (const [provider, list] of Object.entries(skus)) {
      const path = ['products', id, 'skus', provider];
      if (!Object.hasOwn(providers, provider)) mistakes.push(notEnabled(path, provider));
      for (const [index, sku] of list.entries()) add(provider, sku, [...path, index], id);
    }
  }
  for (const [provider, { ignore }] of Object.entries(providers)) {
    for (const [index, sku] of ignore.entries()) add(provider, sku, ['providers', provider, 'ignore', index]);
  }
  return mistakes;
}

const notEnabled = (path: Path, provider: string): string =>
  `${formatPath(path)}: found SKUs of a provider that is not enabled; write ${formatPath([provider])}: {} under providers, or no SKUs of it`;

function unknown(path: Path, known: string): string {
  const owner =
    path.length > 2 && (path[0] === 'products' || path[0] === 'providers') ? String(path[1]) : '<product>';
  return SECRET_NAME.test(String(path.at(-1)))
    ? `${formatPath(path)}: found what may be a secret, which must not be in this file; store it with \`npm run keypost -- keys set ${owner}\``
    : `${formatPath(path)}: found an unknown field; ${known.startsWith('{') ? `write ${known}` : 'remove it'}`;
}

/** Returns the schema's own message, or a text for one of zod's, which depend on whether the process loads all of zod. */
function expected(issue: Issue): string {
  if (!/^(?:Invalid|Too|Unrecognized)\b/.test(issue.message)) return issue.message;
  if (issue.code === 'invalid_value')
    return `one of ${issue.values.map((one) => JSON.stringify(one)).join(', ')}`;
  if (issue.code === 'invalid_type') return `a value of type ${issue.expected}`;
  return 'another value';
}

function describe(value: unknown, path: Path): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length > 0 ? 'a list' : 'an empty list';
  if (typeof value === 'object' && value !== null)
    return Object.keys(value).length > 0 ? 'an object' : 'an empty object';
  if (typeof value !== 'string') return typeof value === 'function' ? 'a function' : String(value);
  // The second part of a path is the seller's own name: a product may be called keyboard.
  const secret =
    path.some((name, index) => index !== 1 && SECRET_NAME.test(String(name))) || SECRET_FORM.test(value);
  return secret ? `text of ${value.length} characters` : quoted(value);
}

const SECRET_NAME = /key|secret|signing|passw|token|whsec|credential/i;
/** A vendor's prefix, or at least sixteen characters of hex, base64 or digits. */
const SECRET_FORM = /^(?:whsec|sk|rk|pk)_|^(?=.*\d)[\w+/=-]{16,}$/;
const MAX_LENGTH = 40;

const quoted = (text: string): string =>
  JSON.stringify(text.length > MAX_LENGTH ? `${[...text].slice(0, MAX_LENGTH).join('')}…` : text);

/** Formats a path as in the file: products.widget-mac.skus.shop[0]. */
function formatPath(path: Path): string {
  const parts = path.map((name) => {
    if (typeof name === 'number') return `[${name}]`;
    return /^[\w-]+$/.test(String(name)) ? `.${String(name)}` : `[${quoted(String(name))}]`;
  });
  return parts.join('').replace(/^\./, '') || 'the catalogue';
}

/** Parses leniently, so that one mistake does not hide another. */
const skus = z.catch(z.array(z.catch(z.string(), '')), []);
const Readable = z.catch(
  z.object({
    providers: z.catch(z.record(z.string(), z.catch(z.object({ ignore: skus }), { ignore: [] })), {}),
    products: z.catch(
      z.record(
        z.string(),
        z.catch(z.object({ skus: z.catch(z.record(z.string(), skus), {}) }), { skus: {} }),
      ),
      {},
    ),
  }),
  { providers: {}, products: {} },
);
