// The tab Orders: a search as the person types, a page of orders, and one order.
import { issueForm, showOrder } from './detail.js';
import { button, field, fill, html, input, pager, refill, table } from './html.js';
import { api, every, partOf, say, sayError, stateOf, time } from './tools.js';

export function showOrders(panel, session, { search = '', order }) {
  let [page, latest, shown, hasFailed] = [0, 0, '', false];
  const typed = input('search', { type: 'search', value: search });
  const count = html`<p class="count" role="status"></p>`;
  const rows = html`<div></div>`;
  const turns = html`<p class="buttons"></p>`;
  const list = html`<section>${count}${rows}${turns}</section>`;
  const pane = html`<section class="pane"></section>`;
  const back = button('Back to the list', () => close());
  const issue =
    session.actions.includes('issue') &&
    button('Issue a serial', () => open(issueForm(session, (key) => openOrder(key))));

  const show = (isList) => {
    list.hidden = !isList;
    pane.hidden = back.hidden = isList;
  };
  const open = (node) => {
    show(false);
    fill(pane, node);
    node.querySelector('h2')?.focus();
  };
  const close = () => {
    show(true);
    history.replaceState(null, '', hashOf());
    void load(true);
    typed.focus();
  };
  const openOrder = async (key) => {
    const node = html`<div></div>`;
    open(node);
    history.replaceState(null, '', `#order=${encodeURIComponent(key)}`);
    try {
      (await showOrder(node, session, key)).focus();
    } catch (error) {
      sayError(error);
    }
  };
  const hashOf = () => (typed.value ? `#search=${encodeURIComponent(typed.value)}` : '#orders');

  async function load(isFresh) {
    latest += 1;
    const mine = latest;
    const query = `search=${encodeURIComponent(typed.value)}&page=${page}${isFresh ? '&fresh' : ''}`;
    try {
      const found = await api('GET', `orders?${query}`);
      // An answer to an older text must not replace a newer one.
      if (mine !== latest) return;
      render(found);
      if (hasFailed) say('');
      hasFailed = false;
    } catch (error) {
      if (mine !== latest) return;
      sayError(error);
      hasFailed = true;
    }
  }
  function render({ total, pages, items, read, message = '' }) {
    const found = `${total.toLocaleString('en')} ${total === 1 ? 'order' : 'orders'}${typed.value ? ' found' : ''}`;
    count.textContent = `${found}${partOf(read)}. ${message}`;
    const now = JSON.stringify([items, page, pages]);
    if (now === shown) return;
    shown = now;
    refill(rows, table(['Received', 'Order', 'Buyer', 'Products', 'State'], items.map(toCells)));
    fill(turns, pager(page, pages, turn));
  }
  const turn = (to) => {
    page = to;
    void load(true);
  };
  const toCells = ({ key, ...row }) => {
    const opens = (event) => {
      event.preventDefault();
      void openOrder(key);
    };
    return [
      time(row.receivedAt),
      html`<a href=${`#order=${encodeURIComponent(key)}`} data-key=${key} @click=${opens}>${key}</a>
        ${row.test && 'test order'}`,
      html`<div>${row.name ?? 'no name'}</div><div>${row.email ?? 'no address'}</div>`,
      html`<div>${row.products}</div>${row.serial && html`<code>${row.serial}</code>`}`,
      stateOf(row),
    ];
  };

  typed.addEventListener('input', () => {
    page = 0;
    show(true);
    history.replaceState(null, '', hashOf());
    void load(false);
  });
  show(true);
  panel.append(
    html`<div class="bar">
      ${field('Search', typed, 'Mail, order number, name, serial or product')}${back}${issue}
    </div>`,
    list,
    pane,
  );
  void load(true);
  if (order) void openOrder(order);
  else typed.focus();
  return every(4_000, () => pane.hidden && load(true));
}
