// The tab Health: what is stuck, what needed a person, what was sent, and what doctor finds.
import { fact, fill, html, table } from './html.js';
import { api, doc, partOf, sayError, time } from './tools.js';

export function showHealth(panel, session) {
  const figures = html`<div class="figures"></div>`;
  const plot = html`<figure></figure>`;
  const checks = html`<section><h2>Checks</h2><p>Checking …</p></section>`;
  panel.append(html`<h2>Health</h2>`, figures, plot, checks, addresses(session));
  let isOpen = true;

  async function load() {
    const { read, days, ...health } = await api('GET', 'health');
    fill(figures, cards(health));
    fill(plot, chart(days), read < 1 && html`<p>These are the orders${partOf(read)}.</p>`);
    if (read < 1 && isOpen) setTimeout(() => isOpen && load().catch(sayError), 1_000);
  }
  async function check() {
    const { findings, message } = await api('GET', 'doctor');
    const states = Object.keys(STATES);
    findings.sort((one, other) => states.indexOf(one.state) - states.indexOf(other.state));
    const rows = findings.map(({ check: name, state, cure = '' }) => [
      html`<span class=${state === 'ok' ? 'badge' : 'badge bad'}>${STATES[state]}</span>`,
      name,
      cure,
    ]);
    fill(
      checks,
      html`<h2>Checks</h2>`,
      message && html`<p class="hold">${message}</p>`,
      table(['State', 'Check', 'What to do'], rows),
    );
  }
  load().catch(sayError);
  check().catch(sayError);
  return () => {
    isOpen = false;
  };
}

/** The worst comes first. */
const STATES = { bad: 'not ok', unknown: 'unknown', ok: 'ok' };

function cards({ held, due, touches, seconds: { half, most } }) {
  const stuck = (title, { count, since }, what, done) => html`<div class=${since ? 'card bad' : 'card'}>
    <h3>${title}</h3>
    <p class="value">${count}</p>
    <p>${since ? `The oldest is of ${time(since)}. ${what}` : done}</p>
  </div>`;
  return html`
    ${stuck('Held orders', held, 'Open Held and resolve them.', 'Nothing waits for you.')}
    ${stuck('Mails that wait', due, 'See the checks below for the cause.', 'Every mail is sent.')}
    <div class="card">
      <h3>Touches this month</h3>
      <p class="value">${touches.count}</p>
      <p>needed a person, of the orders in ${touches.month}: ${touches.orders}</p>
    </div>
    <div class="card">
      <h3>Seconds from payment to acceptance</h3>
      <p class="value">${half === null ? '–' : Math.round(half)}</p>
      <p>${half === null ? 'no mail yet' : `half of the mails are faster; 95 % take at most ${Math.round(most)} s`}</p>
    </div>`;
}

/** Bars of the orders of each day; the part whose mail was delivered is filled, and a bounce is marked. */
function chart(days) {
  const most = Math.max(1, ...days.map(({ orders }) => orders));
  const bar = (at, from, count, color) =>
    `<rect style="fill: var(--${color})" x="${at * 10 + 1}" width="8" y="${60 - ((from + count) / most) * 58}" height="${(count / most) * 58}"/>`;
  const svg = html`<svg viewBox="0 0 300 60" width="100%" height="160" preserveAspectRatio="none" role="img" aria-label="Orders of the last 30 days"></svg>`;
  // These are numbers only.
  svg.innerHTML = days
    .map(
      ({ orders, delivered, bounced }, at) =>
        bar(at, 0, orders, 'line') + bar(at, 0, delivered, 'accent') + bar(at, delivered, bounced, 'bad'),
    )
    .join('');
  const total = (name) => days.reduce((sum, day) => sum + day[name], 0);
  const rows = days
    .filter(({ orders }) => orders > 0)
    .map(({ day, orders, sent, delivered, bounced }) => [day, orders, sent, delivered, bounced]);
  return [
    svg,
    html`<figcaption>
      Last 30 days: ${total('orders')} orders, ${total('sent')} mailed, ${total('delivered')} delivered,
      ${total('bounced')} bounced. The most on one day: ${most}.
    </figcaption>`,
    html`<details>
      <summary>The numbers by day</summary>
      ${table(['Day (UTC)', 'Orders', 'Mailed', 'Delivered', 'Bounced'], rows)}
    </details>`,
  ];
}

const addresses = ({ providers }) => html`<section>
  <h2>Webhook addresses and documentation</h2>
  <dl>${providers.map(({ name, webhook, isMail }) => {
    const address = webhook
      ? html`<code>${webhook}</code>`
      : isMail
        ? 'takes orders by mail'
        : 'not deployed';
    return fact(name, address);
  })}</dl>
  <p>${['runbook', 'operations', 'catalogue', 'desk'].map((name) => [doc(name), ' '])}</p>
</section>`;
