// The tab Health: what is stuck, what needed a person, what was sent, and what doctor finds.
import { api, doc, fill, h, say, table, time } from './tools.js';

export function showHealth(panel, session) {
  const [figures, plot, findings] = [
    h('div', { className: 'figures' }),
    h('figure'),
    h('section', {}, h('h2', {}, 'Checks'), h('p', {}, 'Checking …')),
  ];
  panel.append(h('h2', {}, 'Health'), figures, plot, findings, addresses(session));
  let isOpen = true;

  async function load() {
    const health = await api('GET', 'health');
    const { read, held, due, touches, seconds, days } = health;
    const since = ({ since: at }) => (at ? `since ${time(at)}` : '');
    fill(
      figures,
      figure(
        'Held orders',
        held.count,
        held.count > 0 ? `${since(held)}. Open Held and resolve them.` : 'Nothing waits for you.',
        held.count > 0,
      ),
      figure(
        'Mails that wait',
        due.count,
        due.count > 0
          ? `The oldest order is of ${time(due.since)}. See the checks below for the cause.`
          : 'Every mail is sent.',
        due.count > 0,
      ),
      figure(
        'Touches this month',
        touches.count,
        `orders that needed a person; ${touches.orders} orders in ${touches.month}`,
      ),
      figure(
        'Seconds from payment to acceptance',
        seconds.half === null ? '–' : Math.round(seconds.half),
        seconds.half === null
          ? 'no mail yet'
          : `half of the mails are faster; 95 % take at most ${Math.round(seconds.most)} s`,
      ),
    );
    fill(
      plot,
      ...chart(days),
      read < 1 && h('p', {}, `${Math.floor(read * 100)} % of the table is read so far.`),
    );
    if (read < 1 && isOpen) setTimeout(() => isOpen && void load().catch(fail), 1_000);
  }
  const fail = (error) => say(error.message, true);

  async function check() {
    const { findings: found, message } = await api('GET', 'doctor');
    const labels = { ok: 'ok', bad: 'not ok', unknown: 'unknown' };
    const order = ['bad', 'unknown', 'ok'];
    found.sort((one, other) => order.indexOf(one.state) - order.indexOf(other.state));
    fill(
      findings,
      h('h2', {}, 'Checks'),
      message && h('p', { className: 'hold' }, message),
      table(
        ['State', 'Check', 'What to do'],
        found.map(({ check: name, state, cure }) => [
          h('span', { className: state === 'ok' ? 'badge' : 'badge bad' }, labels[state]),
          name,
          cure ?? '',
        ]),
      ),
    );
  }
  load().catch(fail);
  check().catch(fail);
  return () => {
    isOpen = false;
  };
}

const figure = (title, value, text, isBad) =>
  h(
    'div',
    { className: isBad ? 'card bad' : 'card' },
    h('h3', {}, title),
    h('p', { className: 'value' }, String(value)),
    h('p', {}, text),
  );

const SVG = 'http://www.w3.org/2000/svg';

/** Bars of the orders of each day; the part whose mail was delivered is filled, and a bounce is marked. */
function chart(days) {
  const most = Math.max(1, ...days.map(({ orders }) => orders));
  const svg = document.createElementNS(SVG, 'svg');
  for (const [name, value] of Object.entries({
    viewBox: `0 0 ${days.length * 10} 60`,
    role: 'img',
    'aria-label': 'Orders of the last 30 days',
  }))
    svg.setAttribute(name, value);
  const bar = (at, from, height, className) => {
    const rect = document.createElementNS(SVG, 'rect');
    const size = {
      x: at * 10 + 1,
      width: 8,
      y: 60 - ((from + height) / most) * 58,
      height: (height / most) * 58,
    };
    for (const [name, value] of Object.entries(size)) rect.setAttribute(name, value);
    rect.setAttribute('class', className);
    svg.append(rect);
  };
  for (const [at, { orders, delivered, bounced }] of days.entries()) {
    bar(at, 0, orders, 'orders');
    bar(at, 0, delivered, 'delivered');
    bar(at, delivered, bounced, 'bounced');
  }
  const total = (name) => days.reduce((sum, day) => sum + day[name], 0);
  return [
    svg,
    h(
      'figcaption',
      {},
      `Last 30 days: ${total('orders')} orders, ${total('sent')} mailed, ${total('delivered')} delivered, ${total('bounced')} bounced. The most on one day: ${most}.`,
    ),
    h(
      'details',
      {},
      h('summary', {}, 'The numbers by day'),
      table(
        ['Day (UTC)', 'Orders', 'Mailed', 'Delivered', 'Bounced'],
        days
          .filter(({ orders }) => orders > 0)
          .map((day) => ['day', 'orders', 'sent', 'delivered', 'bounced'].map((name) => String(day[name]))),
      ),
    ),
  ];
}

const addresses = ({ providers }) =>
  h(
    'section',
    {},
    h('h2', {}, 'Webhook addresses and documentation'),
    h(
      'dl',
      {},
      providers.map(({ name, webhook, isMail }) =>
        h(
          'div',
          {},
          h('dt', {}, name),
          h('dd', {}, webhook ? h('code', {}, webhook) : isMail ? 'takes orders by mail' : 'not deployed'),
        ),
      ),
    ),
    h(
      'p',
      {},
      ['runbook', 'operations', 'catalogue', 'desk'].map((name) => h('span', {}, doc(name), ' ')),
    ),
  );
