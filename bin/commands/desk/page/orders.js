// The tab Orders: a search as the person types, a page of orders, and one order.
import { issueForm, showOrder } from './detail.js';
import { api, button, field, fill, h, say, stateOf, table, time } from './tools.js';

const REFRESH_MS = 4_000;

export function showOrders(panel, session, { search = '', order }) {
  let [page, pages, latest] = [0, 1, 0];
  const input = h('input', { type: 'search', value: search, autocomplete: 'off', spellcheck: false });
  const count = h('p', { className: 'count', role: 'status' });
  const rows = h('div');
  const pager = h('p', { className: 'buttons' });
  const list = h('section', {}, count, rows, pager);
  const pane = h('section', { className: 'pane', hidden: true });
  const back = button('Back to the list', () => close());
  const issue =
    session.actions.includes('issue') &&
    button('Issue a serial', () => open(issueForm(session, (key) => openOrder(key))));

  const open = (node) => {
    list.hidden = true;
    pane.hidden = back.hidden = false;
    fill(pane, node);
    node.querySelector('h2')?.focus();
  };
  const close = () => {
    pane.hidden = back.hidden = true;
    list.hidden = false;
    history.replaceState(null, '', hashOf());
    void load(true);
    input.focus();
  };
  const openOrder = async (key) => {
    const node = h('div');
    open(node);
    history.replaceState(null, '', `#order=${encodeURIComponent(key)}`);
    try {
      const heading = await showOrder(node, session, key);
      heading.focus();
    } catch (error) {
      say(error.message, true);
    }
  };
  const hashOf = () => (input.value ? `#search=${encodeURIComponent(input.value)}` : '#orders');

  async function load(isFresh) {
    latest += 1;
    const mine = latest;
    const query = `search=${encodeURIComponent(input.value)}&page=${page}${isFresh ? '&fresh' : ''}`;
    try {
      const found = await api('GET', `orders?${query}`);
      // An answer to an older text must not replace a newer one.
      if (mine === latest) render(found);
    } catch (error) {
      if (mine === latest) say(error.message, true);
    }
  }
  function render({ total, pages: all, items, read, message }) {
    pages = all;
    const isDone = read >= 1;
    const found = `${total.toLocaleString('en')} ${total === 1 ? 'order' : 'orders'}${input.value ? ' found' : ''}`;
    count.textContent = `${found}${isDone ? '' : ` so far; ${Math.floor(read * 100)} % of the table is read`}.${message ? ` ${message}` : ''}`;
    const focused = document.activeElement?.dataset?.key;
    fill(rows, table(['Received', 'Order', 'Buyer', 'Products', 'State'], items.map(toCells)));
    if (focused) rows.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    fill(
      pager,
      step('Previous', -1, page > 0),
      ` Page ${page + 1} of ${Math.max(1, pages)} `,
      step('Next', 1, page + 1 < pages),
    );
  }
  const step = (label, by, isPossible) => button(label, () => turn(by), { disabled: !isPossible });
  const turn = (by) => {
    page += by;
    void load(true);
  };
  const toCells = (row) => [
    time(row.receivedAt),
    [linkTo(row.key), row.test && ' test order'],
    [h('div', {}, row.name ?? 'no name'), h('div', {}, row.email ?? 'no address')],
    [h('div', {}, row.products), row.serial && h('code', {}, row.serial)],
    stateOf(row),
  ];
  const linkTo = (key) => {
    const onclick = (event) => {
      event.preventDefault();
      void openOrder(key);
    };
    return h('a', { href: `#order=${encodeURIComponent(key)}`, 'data-key': key, onclick }, key);
  };

  input.addEventListener('input', () => {
    page = 0;
    if (!pane.hidden) {
      pane.hidden = back.hidden = true;
      list.hidden = false;
    }
    history.replaceState(null, '', hashOf());
    void load(false);
  });
  back.hidden = true;
  panel.append(
    h(
      'div',
      { className: 'bar' },
      field('Search', input, 'Mail, order number, name, serial or product'),
      back,
      issue,
    ),
    list,
    pane,
  );
  void load(true);
  if (order) void openOrder(order);
  else input.focus();
  const timer = setInterval(
    () => pane.hidden && document.visibilityState === 'visible' && void load(true),
    REFRESH_MS,
  );
  return () => clearInterval(timer);
}
