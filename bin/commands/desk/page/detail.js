// One order: its facts, its history, and the form for what a person can do to it.
import { button, choice, fact, field, fill, html, input, typedIn } from './html.js';
import { api, copy, doc, doing, mailView, stateOf, time } from './tools.js';

/** Shows an order in `pane`. `done` is called after each action. Returns the heading. */
export async function showOrder(pane, session, key, done = () => undefined) {
  const order = await api('GET', `orders/${encodeURIComponent(key)}`);
  const heading = html`<h2 tabindex="-1">${order.key}</h2>`;
  fill(
    pane,
    heading,
    html`<p>${stateOf(order)} ${copy('the order number', order.key)}</p>`,
    order.held.map((reason) => {
      const { why, fix } = session.resolutions;
      const meant = order.suggestion && `The buyer may have meant ${order.suggestion}.`;
      return html`<p class="hold">${why[reason]} ${fix[reason]} ${meant} ${doc('runbook', reason)}</p>`;
    }),
    actionForm(pane, session, order, done),
    facts(order),
    history(order),
  );
  if (session.local) void mails(order).then((found) => pane.append(...found));
  else if (order.lines.some(({ serial }) => serial)) pane.append(mailOf(order));
  return heading;
}

const copied = (name, text) => fact(name, text, text && ' ', copy(`the ${name.toLowerCase()}`, text));
const money = (amount) => amount && `${amount.value} ${amount.currency}`;

const facts = ({ buyer, lines, ...order }) => html`<dl>
  ${fact('Provider', order.provider, order.test && ' (test order)')}
  ${fact('Received number', order.printed)}
  ${fact('Paid', time(order.placedAt))}
  ${fact('Received', time(order.receivedAt))}
  ${fact('Held since', time(order.heldAt))}
  ${fact('Amount', money(order.amount))}
  ${copied('Name', buyer.name)}
  ${copied('Company', buyer.company)}
  ${copied('Registration', buyer.registration)}
  ${copied('Mail', buyer.email)}
  ${fact('Country and language', [buyer.country, buyer.locale].filter(Boolean).join(', '))}
  ${fact('Other numbers', order.aliases?.join(', '))}
  ${lines.map(({ product, sku, quantity, paid, licensee, serial, superseded = [] }) => [
    fact(
      product ?? 'Unknown product',
      `SKU ${sku || 'unknown'}, ${quantity} × ${money(paid) ?? 'price unknown'}`,
    ),
    copied('Licensee', licensee),
    fact('Serial', serial && html`<code>${serial}</code> ${copy('the serial', serial)}`),
    superseded.map((old) =>
      fact('Superseded', html`<code>${old.serial}</code> for ${old.licensee}, ${time(old.at)}`),
    ),
  ])}
</dl>`;

const history = ({ history: entries, raw }) => html`<div>
  <h3>History</h3>
  <ol class="history">${entries.map(
    ({ at, text, who, why }) =>
      html`<li><time>${time(at) || 'no time'}</time> ${text}${who && ` By ${who}${why ? `: ${why}` : ''}.`}</li>`,
  )}</ol>
  ${
    raw &&
    html`<details>
      <summary>The notification</summary>
      <pre tabindex="0">${raw.query}\n${raw.body}</pre>
    </details>`
  }
</div>`;

/** The mails of the local system carry the order's key in a tag, in Base64. */
async function mails({ key }) {
  const tag = btoa(String.fromCharCode(...new TextEncoder().encode(key)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
  const all = await api('GET', 'local/mails?newest=500').catch(() => []);
  const found = all.filter(({ tags = {} }) => tags.order === tag).reverse();
  return found.length === 0 ? [] : [html`<h3>Mails of this order</h3>`, ...found.map(mailView)];
}

/** On AWS the operator writes the mail again: what SES has sent cannot be read. */
function mailOf({ key }) {
  const node = html`<div>${button('Show the mail', doing(show))}</div>`;
  async function show() {
    fill(node, mailView(await api('POST', 'mail-preview', { key })));
  }
  return node;
}

/** The actions that the order's state and the person's permissions allow. */
function actionForm(pane, session, order, done) {
  const may = (action) => session.actions.includes(action);
  const isHeld = order.heldAt !== null;
  const hasSerial = order.lines.some(({ serial }) => serial);
  const isMailed = hasSerial && ['paid', 'partly_refunded'].includes(order.status);
  const needed = order.held.flatMap((reason) => session.resolutions.fields[reason] ?? []);
  const [{ licensee, received } = {}] = order.lines;
  const known = { name: licensee ?? received ?? order.buyer.name ?? '', email: order.buyer.email ?? '' };
  const unknown = order.lines.filter(({ serial, product }) => !serial && !product).map(({ sku }) => sku);
  const products = needed.includes('product')
    ? [...new Set(unknown)].map((sku) => productField(session, sku))
    : [];
  const email = input('email', { value: known.email, inputMode: 'email' });
  const changed = (name) => {
    const typed = typedIn(form)[name];
    return typed === known[name] ? undefined : typed || undefined;
  };

  const { key, basis } = order;
  const reload = async (shown = key) => (await showOrder(pane, session, shown, done)).focus();
  const act = (action, body) => async () => {
    const typed = typedIn(form);
    try {
      const answer = await api('POST', 'actions', { action, key, basis, why: typed.why, ...body(typed) });
      await reload(answer.order.key);
      done(answer.order.key);
      return outcome(action, answer);
    } catch (error) {
      if (!error.answer?.changed) throw error;
      await reload();
      for (const one of pane.querySelectorAll('input')) one.value = typed[one.name] ?? one.value;
      throw error;
    }
  };
  const does = (action, body = () => ({})) =>
    may(action) && button(labelOf(action), doing(act(action, body)));
  const asks = (action, question, body = () => ({})) =>
    may(action) &&
    button(labelOf(action), () => ask(form, labelOf(action), question(typedIn(form)), act(action, body)));
  const release = ({ order: number }) => ({
    ...{ name: changed('name'), email: changed('email'), order: number || undefined },
    products: Object.fromEntries(products.flatMap(({ pair }) => pair())),
  });
  const buttons = [
    isHeld && does('release', release),
    isMailed && [
      does('resend', () => ({ email: changed('email') })),
      does('reissue', ({ name }) => ({ name })),
      asks(
        'transfer',
        ({ name, email: to }) => `Pass the licence on to ${name}, ${to}? Both get a mail.`,
        ({ name, email: to }) => ({ name, email: to }),
      ),
    ],
    order.lines.some(({ held, serial }) => held && !serial) &&
      asks('reject', () => 'Reject it? No serial is ever made of it. This cannot be undone.'),
    may('erase') &&
      known.email &&
      button(
        'Erase',
        doing(() => erase(form, known.email, reload)),
      ),
  ];
  const form = html`<form class="act" @submit=${(event) => event.preventDefault()}>
    ${
      (isHeld || hasSerial) && [
        field('Name', input('name', { value: known.name }), 'As it must be typed into the app'),
        field('Address', email),
        order.suggestion &&
          button(`Use ${order.suggestion}`, () => {
            email.value = order.suggestion;
          }),
        products.map(({ node }) => node),
        needed.includes('order') &&
          field("The provider's number of the order", input('order'), 'If the notification has none'),
      ]
    }
    ${field('Why', input('why'), 'Kept with the order, with who you are and when')}
    <p class="buttons">${buttons}</p>
  </form>`;
  return form;
}

/** Chooses a product for an unknown SKU; a notification that cannot be parsed has none, so it is typed. */
export function productField(session, sku) {
  const typed = input('sku', { value: sku });
  const product = choice(session.products, [['', 'not chosen']]);
  const choose = field(sku ? `Product for the SKU ${sku}` : 'Product', product);
  return {
    node: sku ? choose : [field('SKU', typed, "The provider's; the product unless typed"), choose],
    pair: () => (product.value ? [[typed.value.trim() || product.value, product.value]] : []),
  };
}

/** Asks in the form before something that cannot be undone. */
export function ask(form, label, question, work) {
  const buttons = form.querySelector('.buttons');
  const panel = html`<div class="ask" role="alertdialog" aria-label=${label} tabindex="-1">
    <p>${question}</p>
    <button type="button" class="bad" @click=${doing(work)}>${label}</button>
    ${button('Cancel', () => {
      panel.replaceWith(buttons);
      buttons.querySelector('button').focus();
    })}
  </div>`;
  buttons.replaceWith(panel);
  panel.focus();
}

async function erase(form, email, after) {
  const { keys } = await api('GET', `person?email=${encodeURIComponent(email)}`);
  const question = `Erase the person in ${keys.join(', ')}? Names, addresses, serials and notifications are removed. This cannot be undone.`;
  ask(form, 'Erase', question, async () => {
    const { why } = typedIn(form);
    const { erased } = await api('POST', 'actions', { action: 'erase', email, keys, why });
    await after();
    return `Erased in ${erased.length} ${erased.length === 1 ? 'order' : 'orders'}: ${erased.map(({ order }) => order).join(', ')}.`;
  });
}

/** The label of an action's button. */
const labelOf = (action) => action[0].toUpperCase() + action.slice(1);
const DONE = {
  release: 'Released',
  resend: 'Resent',
  reissue: 'Reissued',
  transfer: 'Transferred',
  reject: 'Rejected',
  issue: 'Issued',
};

export function outcome(action, { order: { key, lines }, changed, notes = [] }) {
  const left = lines.flatMap(({ held }) => held ?? []);
  const mailed = action === 'reject' ? '' : ' The mail goes out within a minute.';
  const done =
    left.length > 0 ? `${key} is still held: ${left.join(', ')}.` : `${DONE[action]}: ${key}.${mailed}`;
  return [changed ? done : `Nothing is changed: ${key} has these values already.`, ...notes].join(' ');
}

/** The form for a serial without a payment. */
export function issueForm({ products }, done) {
  const work = async ({ target }) => {
    const { quantity, ...typed } = typedIn(target);
    const answer = await api('POST', 'actions', { action: 'issue', ...typed, quantity: Number(quantity) });
    done(answer.order.key);
    return outcome('issue', answer);
  };
  return html`<form class="act" @submit=${doing(work)}>
    <h2 tabindex="-1">A serial without a payment</h2>
    ${field('Product', choice(products))}
    ${field('Name', input('name'))}
    ${field('Address', input('email'))}
    ${field('Copies', input('quantity', { type: 'number', value: 1, min: 1 }))}
    ${field('Why', input('why'))}
    <p class="buttons"><button type="submit">Issue</button></p>
  </form>`;
}
