/** What is wrong with a catalogue, in words: `path: found …; write …`. No secret is ever repeated. */
import * as z from 'zod/mini';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** The mistakes that zod has found as one issue; `at` is where the part stands that the issue is of. */
export function mistakesOf(issue: Issue, at: Path = []): string[] {
  const path = [...at, ...issue.path];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknown([...path, key], issue.message));
  if (issue.code === 'invalid_key') return issue.issues.flatMap((inner) => mistakesOf(inner, path));
  // The serial profile's own messages say what was found as well.
  if (issue.message.startsWith('found ')) return [`${written(path)}: ${issue.message}`];
  return [`${written(path)}: found ${found(issue.input, path)}; write ${wanted(issue)}`];
}

/** What no single part can tell: one SKU in two places, SKUs of a provider that is not enabled. */
export function contradictionsIn(settings: unknown): string[] {
  const { providers, products } = Readable.parse(settings);
  const sold = new Map<string, string>();
  const mistakes: string[] = [];
  const take = (provider: string, sku: string, path: Path) => {
    if (!sku) return;
    const key = JSON.stringify([provider, sku]);
    const other = sold.get(key);
    if (other)
      mistakes.push(`${written(path)}: found ${quoted(sku)}, which stands at ${other} too; write it once`);
    else sold.set(key, written(path));
  };
  for (const [id, { skus }] of Object.entries(products)) {
    for (const [provider, list] of Object.entries(skus)) {
      const path = ['products', id, 'skus', provider];
      if (!Object.hasOwn(providers, provider)) mistakes.push(notEnabled(path, provider));
      for (const [index, sku] of list.entries()) take(provider, sku, [...path, index]);
    }
  }
  for (const [provider, { ignore }] of Object.entries(providers)) {
    for (const [index, sku] of ignore.entries())
      take(provider, sku, ['providers', provider, 'ignore', index]);
  }
  return mistakes;
}

const notEnabled = (path: Path, provider: string): string =>
  `${written(path)}: found SKUs of a provider that is not enabled; write ${written([provider])}: {} under providers, or no SKUs of it`;

function unknown(path: Path, known: string): string {
  const owner =
    path.length > 2 && (path[0] === 'products' || path[0] === 'providers') ? String(path[1]) : '<product>';
  return SECRET_NAME.test(String(path.at(-1)))
    ? `${written(path)}: found what may be a secret, and none stands in this file; write it with \`npx --no keypost keys set ${owner}\``
    : `${written(path)}: found an unknown field; write ${known.startsWith('{') ? known : 'nothing there'}`;
}

/** What would do, where the schema does not say it. */
function wanted(issue: Issue): string {
  if (issue.message !== 'Invalid input') return issue.message;
  if (issue.code === 'invalid_value')
    return `one of ${issue.values.map((one) => JSON.stringify(one)).join(', ')}`;
  if (issue.code === 'invalid_type') return `a value of type ${issue.expected}`;
  return 'another value';
}

function found(value: unknown, path: Path): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length > 0 ? 'a list' : 'an empty list';
  if (typeof value === 'object' && value !== null)
    return Object.keys(value).length > 0 ? 'an object' : 'an empty object';
  if (typeof value !== 'string') return typeof value === 'function' ? 'a function' : String(value);
  // The second name is the seller's: a product may be called keyboard.
  const secret =
    path.some((name, index) => index !== 1 && SECRET_NAME.test(String(name))) || SECRET_FORM.test(value);
  return secret ? `text of ${value.length} characters` : quoted(value);
}

const SECRET_NAME = /key|secret|signing|passw|token|whsec|credential/i;
/** A vendor's prefix, or sixteen characters and more of hex, base64 or digits. */
const SECRET_FORM = /^(?:whsec|sk|rk|pk)_|^(?=.*\d)[\w+/=-]{16,}$/;
const LONGEST = 40;

const quoted = (text: string): string =>
  JSON.stringify(text.length > LONGEST ? `${[...text].slice(0, LONGEST).join('')}…` : text);

/** As one would write it in the file: products.widget-mac.skus.shop[0]. */
function written(path: Path): string {
  const parts = path.map((name) => {
    if (typeof name === 'number') return `[${name}]`;
    return /^[\w-]+$/.test(String(name)) ? `.${String(name)}` : `[${quoted(String(name))}]`;
  });
  return parts.join('').replace(/^\./, '') || 'the catalogue';
}

/** Whatever of the settings can be read, so that one mistake does not hide another. */
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
