// One order: its facts, its history, and the form for what a person can do to it.
import {
  api,
  button,
  copy,
  doc,
  doing,
  field,
  fill,
  h,
  mailView,
  options,
  stateOf,
  submit,
  time,
} from './tools.js';

const money = (amount) => amount && `${amount.value} ${amount.currency}`;

/** Shows an order in `pane`. `done` is called after each action. */
export async function showOrder(pane, session, key, done = () => undefined) {
  const order = await api('GET', `orders/${encodeURIComponent(key)}`);
  const heading = h('h2', { tabIndex: -1 }, order.key);
  fill(
    pane,
    heading,
    h('p', {}, stateOf(order), ' ', copy('the order number', order.key)),
    ...order.held.map((reason) => explain(session.resolutions[reason], reason, order)),
    actionForm(pane, session, order, done),
    facts(order),
    history(order),
  );
  if (session.local) void mails(order).then((found) => pane.append(...found));
  return heading;
}

const explain = (resolution, reason, { suggestion }) =>
  h(
    'p',
    { className: 'hold' },
    `${resolution.why} ${resolution.fix}`,
    suggestion && ` The buyer may have meant ${suggestion}.`,
    ' ',
    doc('runbook', reason),
  );

const row = (name, ...value) => value.some(Boolean) && h('div', {}, h('dt', {}, name), h('dd', {}, value));

function facts({
  buyer,
  amount,
  printed,
  placedAt,
  receivedAt,
  heldAt,
  aliases = [],
  lines,
  test,
  provider,
}) {
  return h(
    'dl',
    {},
    row('Provider', provider, test && ' (test order)'),
    row('Received number', printed),
    row('Paid', time(placedAt)),
    row('Received', time(receivedAt)),
    row('Held since', time(heldAt)),
    row('Amount', money(amount)),
    ...['name', 'company', 'registration'].map((name) =>
      row(name[0].toUpperCase() + name.slice(1), buyer[name], ' ', copy(`the ${name}`, buyer[name])),
    ),
    row('Mail', buyer.email, ' ', copy('the mail', buyer.email)),
    row('Country and language', [buyer.country, buyer.locale].filter(Boolean).join(', ')),
    row('Other numbers', aliases.join(', ')),
    ...lines.flatMap((line) => [
      row(
        `${line.product ?? 'Unknown product'}`,
        `SKU ${line.sku || 'unknown'}, ${line.quantity} × `,
        money(line.paid) ?? 'price unknown',
      ),
      row('Licensee', line.licensee, ' ', copy('the licensee', line.licensee)),
      row('Serial', line.serial && h('code', {}, line.serial), ' ', copy('the serial', line.serial)),
      ...(line.superseded ?? []).map((old) =>
        row('Superseded', h('code', {}, old.serial), ` for ${old.licensee}, ${time(old.at)}`),
      ),
    ]),
  );
}

function history({ history: entries, raw }) {
  return h(
    'section',
    {},
    h('h3', {}, 'History'),
    h(
      'ol',
      { className: 'history' },
      entries.map(({ at, text, who, why }) =>
        h(
          'li',
          {},
          h('time', {}, time(at) || 'no time'),
          ` ${text}`,
          who && ` By ${who}${why ? `: ${why}` : ''}.`,
        ),
      ),
    ),
    raw &&
      h(
        'details',
        {},
        h('summary', {}, 'The notification'),
        h('pre', { tabIndex: 0 }, `${raw.query}\n${raw.body}`),
      ),
  );
}

async function mails({ key }) {
  const tag = btoa(String.fromCharCode(...new TextEncoder().encode(key)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
  const all = await api('GET', 'local/mails?newest=500').catch(() => []);
  const found = all.filter(({ tags = {} }) => tags.order === tag).reverse();
  return found.length === 0 ? [] : [h('h3', {}, 'Mails of this order'), ...found.map(mailView)];
}

/** The actions that the order's state and the person's permissions allow. */
function actionForm(pane, session, order, done) {
  const may = (action) => session.actions.includes(action);
  const isHeld = order.heldAt !== null;
  const isLive = ['paid', 'partly_refunded'].includes(order.status);
  const hasSerial = order.lines.some(({ serial }) => serial);
  const needed = order.held.flatMap((reason) => session.resolutions[reason].fields);
  const first = order.lines[0] ?? {};
  const known = {
    name: first.licensee ?? first.received ?? order.buyer.name ?? '',
    email: order.buyer.email ?? '',
  };
  const name = h('input', { name: 'name', value: known.name, autocomplete: 'off' });
  const email = h('input', { name: 'email', value: known.email, autocomplete: 'off', inputMode: 'email' });
  const why = h('input', { name: 'why', autocomplete: 'off' });
  const unknown = [
    ...new Set(order.lines.filter(({ serial, product }) => !serial && !product).map(({ sku }) => sku)),
  ];
  const products = needed.includes('product') ? unknown.map((sku) => productField(session, sku)) : [];
  const number = h('input', { name: 'order', autocomplete: 'off' });
  const typed = () => ({ name: name.value.trim(), email: email.value.trim() });
  const changed = (one) => (typed()[one] !== known[one] ? typed()[one] || undefined : undefined);
  const chosen = () => Object.fromEntries(products.flatMap(({ pair }) => pair()));

  const act = (action, body) => async () => {
    const { key, basis } = order;
    const reason = why.value.trim();
    try {
      const answer = await api('POST', 'actions', { action, key, basis, why: reason, ...body() });
      await showOrder(pane, session, answer.order.key, done);
      done(answer.order.key);
      return outcome(action, answer);
    } catch (error) {
      if (!error.answer?.changed) throw error;
      const seen = typed();
      await showOrder(pane, session, key, done);
      for (const [field, value] of Object.entries(seen))
        pane.querySelector(`input[name=${field}]`).value = value;
      throw error;
    }
  };
  const does = (label, work) => button(label, doing(work));
  const asking = (label, question, work) => does(label, () => void ask(form, label, question, work));
  const buttons = [
    isHeld &&
      may('release') &&
      does(
        'Release',
        act('release', () => ({
          ...{ name: changed('name'), email: changed('email'), products: chosen() },
          order: number.value.trim() || undefined,
        })),
      ),
    hasSerial &&
      isLive && [
        may('resend') &&
          does(
            'Resend',
            act('resend', () => ({ email: changed('email') })),
          ),
        may('reissue') &&
          does(
            'Reissue',
            act('reissue', () => ({ name: typed().name })),
          ),
        may('transfer') &&
          asking(
            'Transfer',
            () => `Pass the licence on to ${typed().name}, ${typed().email}? Both get a mail.`,
            act('transfer', typed),
          ),
      ],
    may('reject') &&
      order.lines.some(({ held, serial }) => held && !serial) &&
      asking(
        'Reject',
        () => 'Reject it? No serial is ever made of it. This cannot be undone.',
        act('reject', () => ({})),
      ),
    may('erase') &&
      order.buyer.email &&
      does('Erase', () => eraseForm(form, order, why, () => showOrder(pane, session, order.key, done))),
  ];
  const form = h(
    'form',
    { className: 'act', onsubmit: (event) => event.preventDefault() },
    (isHeld || hasSerial) && [
      field('Name', name, 'As it must be typed into the app'),
      field('Address', email),
      order.suggestion &&
        button(`Use ${order.suggestion}`, () => {
          email.value = order.suggestion;
        }),
      products.map(({ node }) => node),
      needed.includes('order') &&
        field("The provider's number of the order", number, 'If the notification has none'),
    ],
    field('Why', why, 'Kept with the order, with who you are and when'),
    h('p', { className: 'buttons' }, buttons),
  );
  return form;
}

/** Chooses a product for an unknown SKU; a notification that cannot be parsed has none, so it is typed. */
export function productField(session, sku) {
  const input = h('input', { name: 'sku', value: sku, autocomplete: 'off' });
  const select = h(
    'select',
    {},
    options([['', 'not chosen'], ...session.products.map(({ id, name }) => [id, name])]),
  );
  const choose = field(sku ? `Product for the SKU ${sku}` : 'Product', select);
  const sold = () => input.value.trim() || select.value;
  return {
    node: sku
      ? choose
      : h('div', {}, field('SKU', input, "The provider's; the product unless typed"), choose),
    pair: () => (select.value ? [[sold(), select.value]] : []),
  };
}

/** Asks in the form before something that cannot be undone. */
function ask(form, label, question, work) {
  const panel = h(
    'div',
    { className: 'ask', role: 'alertdialog', ariaLabel: label, tabIndex: -1 },
    h('p', {}, question()),
    h('button', { type: 'button', className: 'bad', onclick: doing(work) }, label),
    ' ',
    button('Cancel', () => {
      panel.replaceWith(buttons);
      buttons.querySelector('button').focus();
    }),
  );
  const buttons = form.querySelector('.buttons');
  buttons.replaceWith(panel);
  panel.focus();
}

async function eraseForm(form, { buyer: { email } }, why, after) {
  const { keys } = await api('GET', `person?email=${encodeURIComponent(email)}`);
  const question = () =>
    `Erase the person in ${keys.join(', ')}? Names, addresses, serials and notifications are removed. This cannot be undone.`;
  ask(form, 'Erase', question, async () => {
    const { erased } = await api('POST', 'actions', { action: 'erase', email, keys, why: why.value.trim() });
    await after();
    return `Erased in ${erased.length} orders: ${erased.map(({ order }) => order).join(', ')}.`;
  });
}

const DONE = {
  release: 'Released',
  resend: 'Resent',
  reissue: 'Reissued',
  transfer: 'Transferred',
  reject: 'Rejected',
  issue: 'Issued',
};

export function outcome(action, { order, changed, notes = [] }) {
  const left = order.lines.filter(({ held }) => held);
  const state = !changed
    ? `Nothing is changed: ${order.key} has these values already.`
    : left.length > 0
      ? `${order.key} is still held: ${left.map(({ held }) => held).join(', ')}.`
      : `${DONE[action]}: ${order.key}.${action === 'reject' ? '' : ' The mail goes out within a minute.'}`;
  return [state, ...notes].join(' ');
}

/** The form for a serial without a payment. */
export function issueForm(session, done) {
  const product = h(
    'select',
    { name: 'product' },
    options(session.products.map(({ id, name }) => [id, name])),
  );
  const [name, email, why] = ['name', 'email', 'why'].map((id) =>
    h('input', { name: id, autocomplete: 'off' }),
  );
  const quantity = h('input', { name: 'quantity', type: 'number', value: 1, min: 1 });
  const work = async () => {
    const body = {
      product: product.value,
      name: name.value,
      email: email.value,
      why: why.value,
      quantity: Number(quantity.value),
    };
    const answer = await api('POST', 'actions', { action: 'issue', ...body });
    done(answer.order.key);
    return outcome('issue', answer);
  };
  return h(
    'form',
    { className: 'act', onsubmit: doing(work) },
    h('h2', { tabIndex: -1 }, 'A serial without a payment'),
    ...[
      field('Product', product),
      field('Name', name),
      field('Address', email),
      field('Copies', quantity),
      field('Why', why),
    ],
    submit('Issue'),
  );
}
