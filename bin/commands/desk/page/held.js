// The tab Held: what waits for a person, why, and the form that resolves it, alone or together.
import { ask, outcome, productField, showOrder } from './detail.js';
import { button, field, fill, html, input, pager, refill, typedIn } from './html.js';
import { api, doing, every, sayError, time } from './tools.js';

export function showHeld(panel, session) {
  const list = html`<ul class="cards"></ul>`;
  const groups = html`<div class="groups"></div>`;
  const count = html`<p class="count" role="status"></p>`;
  const turns = html`<p class="buttons"></p>`;
  const pane = html`<section class="pane"></section>`;
  let [page, current, isOpen, last] = [0, undefined, true, ''];

  async function load(opens = false) {
    const found = await api('GET', `held?page=${page}`);
    const now = JSON.stringify([found, page]);
    if (!isOpen || now === last) return;
    last = now;
    const { items, total, pages } = found;
    const orders = `${total} held ${total === 1 ? 'order' : 'orders'}, the oldest first.`;
    count.textContent = total === 0 ? 'No order is held.' : orders;
    refill(list, items.map(card));
    fill(groups, together(items));
    fill(turns, pager(page, pages, turn));
    if (opens && items[0]) await open(items[0].key, false);
    if (items.length === 0 && current === undefined) fill(pane);
  }
  const turn = (to) => {
    page = to;
    load(true).catch(sayError);
  };
  async function open(key, focuses = true) {
    mark(key);
    try {
      const heading = await showOrder(pane, session, key, () => load().catch(sayError));
      if (focuses) heading.focus();
    } catch (error) {
      sayError(error);
    }
  }
  function mark(key) {
    current = key;
    for (const one of list.querySelectorAll('button')) one.ariaCurrent = String(one.dataset.key === key);
  }
  function card({ key, buyer, lines, heldAt, held }) {
    const products = new Set(lines.map(({ product, sku }) => product ?? (sku || 'unknown')));
    return html`<li>
      <button type="button" data-key=${key} aria-current=${String(key === current)} @click=${() => open(key)}>
        <strong>${key}</strong>
        <span>${lines[0]?.received ?? buyer.name ?? 'no name'} · ${buyer.email ?? 'no address'}</span>
        <span>${[...products].join(', ')} · held since ${time(heldAt)}</span>
        ${held.map((reason) => html`<span>${reason}: ${session.resolutions.why[reason]}</span>`)}
      </button>
    </li>`;
  }

  /** Orders that are held for one reason and one SKU. */
  function together(items) {
    const found = Map.groupBy(
      items.flatMap((order) => order.lines.filter(({ held }) => held).map((line) => ({ ...line, order }))),
      ({ held, sku }) => `${held}, SKU ${sku || 'unknown'}`,
    );
    return [...found]
      .filter(([, group]) => group.length > 1)
      .map(([label, group]) => button(`${group.length} orders: ${label}`, () => openGroup(label, group)));
  }
  function openGroup(label, group) {
    mark(undefined);
    const [{ held, sku }] = group;
    const orders = group.map(({ order }) => order);
    const { why, fix, fields } = session.resolutions;
    const product = fields[held]?.includes('product') && sku ? productField(session, sku) : undefined;
    const act = async (action) => {
      const body = { action, ...typedIn(form), orders: orders.map(({ key, basis }) => ({ key, basis })) };
      if (action === 'release' && product) body.products = Object.fromEntries(product.pair());
      const { results } = await api('POST', 'actions', body);
      const done = results.filter((one) => one.done && one.order.lines.every((line) => !line.held)).length;
      await load();
      const texts = results.map((one, at) =>
        one.done ? outcome(action, one) : `${orders[at].key}: ${one.message}`,
      );
      fill(pane, heading, html`<ul>${texts.map((text) => html`<li>${text}</li>`)}</ul>`);
      return `${done} of ${orders.length} orders are resolved.`;
    };
    const may = (action) => session.actions.includes(action);
    const release = doing(() => act('release'));
    const reject = () =>
      ask(form, 'Reject', 'Reject them? No serial is ever made of them. This cannot be undone.', () =>
        act('reject'),
      );
    const heading = html`<h2 tabindex="-1">${orders.length} orders held for ${label}</h2>`;
    const form = html`<form class="act" @submit=${(event) => event.preventDefault()}>
      ${product?.node}
      ${field('Why', input('why'), 'Kept with each order')}
      <p class="buttons">
        ${may('release') && button('Release', release)} ${may('reject') && button('Reject', reject)}
      </p>
    </form>`;
    const buyers = orders.map(
      ({ key, buyer }) => html`<li>${key}: ${buyer.name ?? 'no name'}, ${buyer.email ?? 'no address'}</li>`,
    );
    fill(pane, heading, html`<p class="hold">${why[held]} ${fix[held]}</p>`, form, html`<ul>${buyers}</ul>`);
    heading.focus();
  }

  panel.append(html`<div class="split">
    <section><h2>Held orders</h2>${count}${groups}${list}${turns}</section>
    ${pane}
  </div>`);
  load(true).catch(sayError);
  const stop = every(5_000, () => load().catch(() => undefined));
  return () => {
    isOpen = false;
    stop();
  };
}
