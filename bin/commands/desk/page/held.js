// The tab Held: the orders that wait for a person, why they do, and the form that resolves it, alone or together.
import { outcome, productField, showOrder } from './detail.js';
import { api, button, doing, field, fill, h, say, time } from './tools.js';

export function showHeld(panel, session) {
  const list = h('ul', { className: 'cards' });
  const groups = h('div', { className: 'groups' });
  const count = h('p', { className: 'count', role: 'status' });
  const pager = h('p', { className: 'buttons' });
  const pane = h('section', { className: 'pane' });
  let [items, page, current, isOpen, last] = [[], 0, undefined, true, ''];

  async function load(opens = false) {
    const found = await api('GET', `held?page=${page}`);
    const now = JSON.stringify([found, page]);
    if (!isOpen || now === last) return;
    last = now;
    items = found.items;
    const { total, pages } = found;
    count.textContent =
      total === 0
        ? 'No order is held.'
        : `${total} held ${total === 1 ? 'order' : 'orders'}, the oldest first.`;
    fill(list, ...items.map(card));
    fill(groups, ...together());
    fill(
      pager,
      ...(pages > 1
        ? [
            step('Previous', -1, page > 0),
            ` Page ${page + 1} of ${pages} `,
            step('Next', 1, page + 1 < pages),
          ]
        : []),
    );
    if (opens && items[0]) await open(items[0].key, false);
    if (items.length === 0 && current === undefined) fill(pane);
  }
  const step = (label, by, isPossible) =>
    button(
      label,
      doing(() => turn(by)),
      { disabled: !isPossible },
    );
  const turn = async (by) => {
    page += by;
    await load(true);
  };
  const open = async (key, focuses = true) => {
    current = key;
    mark();
    try {
      const heading = await showOrder(pane, session, key, () => void load());
      if (focuses) heading.focus();
    } catch (error) {
      say(error.message, true);
    }
  };
  const mark = () => {
    for (const one of list.querySelectorAll('button')) one.ariaCurrent = String(one.dataset.key === current);
  };
  const productsOf = ({ lines }) =>
    [...new Set(lines.map(({ product, sku }) => product ?? (sku || 'unknown')))].join(', ');
  const card = (order) =>
    h(
      'li',
      {},
      h(
        'button',
        {
          type: 'button',
          'data-key': order.key,
          ariaCurrent: String(order.key === current),
          onclick: () => void open(order.key),
        },
        h('strong', {}, order.key),
        h(
          'span',
          {},
          `${order.lines[0]?.received ?? order.buyer.name ?? 'no name'} · ${order.buyer.email ?? 'no address'}`,
        ),
        h('span', {}, `${productsOf(order)} · held since ${time(order.heldAt)}`),
        ...order.held.map((reason) =>
          h('span', { className: 'reason' }, `${reason}: ${session.resolutions[reason].why}`),
        ),
      ),
    );

  /** Orders that are held for one reason and one SKU. */
  function together() {
    const found = new Map();
    for (const order of items)
      for (const { held, sku } of order.lines.filter((line) => line.held)) {
        const id = JSON.stringify([held, sku]);
        found.set(id, [...(found.get(id) ?? []), order]);
      }
    return [...found].flatMap(([id, orders]) => {
      const [reason, sku] = JSON.parse(id);
      if (orders.length < 2) return [];
      const label = `${orders.length} orders: ${reason}, SKU ${sku || 'unknown'}`;
      return button(label, () => openGroup(reason, sku, orders));
    });
  }
  function openGroup(reason, sku, orders) {
    current = undefined;
    mark();
    const { why: sentence, fix, fields } = session.resolutions[reason];
    const why = h('input', { name: 'why', autocomplete: 'off' });
    const product = fields.includes('product') && sku ? productField(session, sku) : undefined;
    const act = (action) => async () => {
      const body = {
        action,
        why: why.value.trim(),
        orders: orders.map(({ key, basis }) => ({ key, basis })),
      };
      if (action === 'release' && product) body.products = Object.fromEntries(product.pair());
      const { results } = await api('POST', 'actions', body);
      const done = results.filter((one) => one.done && one.order.lines.every(({ held }) => !held)).length;
      await load();
      const texts = results.map((one, at) =>
        one.done ? outcome(action, one) : `${orders[at].key}: ${one.message}`,
      );
      fill(
        pane,
        heading,
        h(
          'ul',
          {},
          texts.map((text) => h('li', {}, text)),
        ),
      );
      return `${done} of ${orders.length} orders are resolved.`;
    };
    const heading = h(
      'h2',
      { tabIndex: -1 },
      `${orders.length} orders held for ${reason}, SKU ${sku || 'unknown'}`,
    );
    const does = (label, action) => session.actions.includes(action) && button(label, doing(act(action)));
    fill(
      pane,
      heading,
      h('p', { className: 'hold' }, `${sentence} ${fix}`),
      h(
        'ul',
        {},
        orders.map(({ key, buyer }) =>
          h('li', {}, `${key}: ${buyer.name ?? 'no name'}, ${buyer.email ?? 'no address'}`),
        ),
      ),
      h(
        'form',
        { className: 'act', onsubmit: (event) => event.preventDefault() },
        product?.node,
        field('Why', why, 'Kept with each order'),
        h('p', { className: 'buttons' }, does('Release', 'release'), does('Reject', 'reject')),
      ),
    );
    heading.focus();
  }

  panel.append(
    h(
      'div',
      { className: 'split' },
      h('section', {}, h('h2', {}, 'Held orders'), count, groups, list, pager),
      pane,
    ),
  );
  load(true).catch((error) => say(error.message, true));
  const timer = setInterval(
    () => document.visibilityState === 'visible' && void load().catch(() => undefined),
    5_000,
  );
  return () => {
    isOpen = false;
    clearInterval(timer);
  };
}
