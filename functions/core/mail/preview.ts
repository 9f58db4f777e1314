/** A mail as it would arrive, of an order that does not exist: for `keypost mail` and the local page. */
import { type Catalogue, findProduct } from '../catalogue/catalogue.ts';
import { emptyOrder } from '../order/settle.ts';
import type { Line, Order, Send } from '../order/types.ts';
import { licenseeFor, makeFor } from '../serial/lines.ts';
import { toMailbox } from './address.ts';
import { escapeAttribute, escapeHtml } from './blocks.ts';
import { languageOf, loadWords } from './language.ts';
import { type Message, serialMail } from './message.ts';

const HELD = { id: 99, sku: 'other', product: null, quantity: 1, via: 'mail', state: 'held' } as const;
const UNTIL = '2030-01-31T00:00:00.000Z';
const copy = (line: Line): Line => ({ ...line, quantity: 3 });

/** The fields in which the sample order of each kind differs from an ordinary one. */
const KINDS: Readonly<Record<string, (order: Order) => Partial<Order>>> = {
  serial: () => ({}),
  copies: ({ lines }) => ({ lines: lines.map(copy) }),
  gift: ({ buyer }) => ({ buyer: { ...buyer, name: 'Payer Example' } }),
  part: ({ lines }) => ({ lines: [...lines, { ...HELD, reason: 'unknown_product' }] }),
  test: () => ({ test: true }),
  trial: () => ({ trial: { at: UNTIL, until: UNTIL } }),
  moved: () => ({}),
  held: () => ({ lines: [{ ...HELD, reason: 'unknown_product' }] }),
  name: () => ({ paidAt: UNTIL, lines: [{ ...HELD, reason: 'no_name' }] }),
};
export const PREVIEW_KINDS = Object.keys(KINDS);

export interface PreviewOptions {
  /** The first product of the catalogue unless given. */
  readonly products?: readonly string[] | undefined;
  /** The buyer's locale. */
  readonly locale?: string | undefined;
  readonly name?: string | undefined;
  readonly kind?: string | undefined;
}

/** Returns the mail, or a sentence about what is wrong with the options. Its serials are those of test orders. */
export async function previewMail(catalogue: Catalogue, options: PreviewOptions): Promise<Message | string> {
  const { locale, name = 'Zoë Example', kind = 'serial' } = options;
  const [first = ''] = Object.keys(catalogue.products);
  const products = options.products?.length ? options.products : [first];
  const change = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (!change) return `found no kind of mail ${kind}; write one of ${PREVIEW_KINDS.join(', ')}`;
  const address = 'zoe@example.com';
  const bare: Order = {
    ...emptyOrder('preview#EXAMPLE-1', 'preview', true, Date.parse(UNTIL)),
    buyer: { name, email: address, locale },
  };
  const lines: Line[] = [];
  for (const [n, id] of products.entries()) {
    const product = findProduct(catalogue, id);
    if (!product) return `found no product ${id}; write one of ${Object.keys(catalogue.products).join(', ')}`;
    const made = licenseeFor(product, { registration: name, name });
    if ('held' in made)
      return `the product ${id} holds an order with this name (${made.held}); write another name`;
    const { licensee } = made;
    const facts = { id: n + 1, sku: id, quantity: 1, via: 'mail', product: id } as const;
    const line = { ...facts, state: 'pending' } as const;
    const found = makeFor({ catalogue, keys: {} }, { order: bare, line, id, licensee, issue: 1 });
    // A program is not run for a preview.
    const serial = typeof found === 'object' ? found.serial : 'EXAMPLE-SERIAL';
    lines.push({
      ...facts,
      state: 'issued',
      issued: { n: 1, licensee, serial, keyVersion: 0 },
      superseded: [],
    });
  }
  const order = { ...bare, test: false, lines };
  const about =
    kind === 'trial' || kind === 'moved' ? kind : ['held', 'name'].includes(kind) ? 'held' : 'serials';
  const carries = lines.map((line) => ({ line: line.id, issue: 1 }));
  return await mailWith(catalogue, { ...order, ...change(order) }, { about, carries });
}

/** Returns the mail with the present serials of an order, except that links to the buyers' pages are examples. */
export async function orderMail(catalogue: Catalogue, order: Order): Promise<Message | string> {
  const carries = order.lines.flatMap((line) =>
    line.state === 'issued' ? { line: line.id, issue: line.issued.n } : [],
  );
  if (carries.length === 0) return `${order.key} has no serial, so it has no mail`;
  if (!order.test && !toMailbox(order.buyer.email)) return `${order.key} has no address that SES accepts`;
  return await mailWith(catalogue, order, { about: 'serials', carries });
}

async function mailWith(catalogue: Catalogue, order: Order, sent: Pick<Send, 'about' | 'carries'>) {
  const send: Send = {
    n: 1,
    to: order.buyer.email ?? '',
    tries: 1,
    state: 'in_flight',
    until: UNTIL,
    ...sent,
  };
  const words = await loadWords(catalogue.seller, languageOf(catalogue.seller, order.buyer));
  // Where the pages have API Gateway's own address, only the deployed stack knows it.
  const licences = `https://${catalogue.api?.domain ?? 'pages.example.com'}/licences`;
  const links = catalogue.pages && { licences, name: `${licences}/name/EXAMPLE` };
  return serialMail(catalogue, order, send, words, links);
}

/** A page that shows the mail as mail readers do: in light and dark, at the width of a phone, as text and as sent. */
export function previewPage({ subject, html, text }: Message, raw: string): string {
  const frame = (scheme: string, width: number) =>
    `<h2>${scheme}, ${width} px</h2><iframe sandbox style="width:${width}px;color-scheme:${scheme}" srcdoc="${escapeAttribute(html)}"></iframe>`;
  const plain = (title: string, content: string) => `<h2>${title}</h2><pre>${escapeHtml(content)}</pre>`;
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(subject)}</title>
<style>body{font-family:sans-serif;margin:16px}iframe{height:800px;border:1px solid;max-width:100%}pre{white-space:pre-wrap;overflow-wrap:anywhere}</style>
</head><body><h1>${escapeHtml(subject)}</h1>
${frame('light', 640)}${frame('dark', 640)}${frame('light', 320)}${frame('dark', 320)}
${plain('Text', text)}${plain('As sent', raw)}
</body></html>
`;
}
