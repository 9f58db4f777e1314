// The desk: opens a tab by its name in the address (#held, #search=…, #order=…), and keeps the address current.
import { showHealth } from './health.js';
import { showHeld } from './held.js';
import { showOrders } from './orders.js';
import { showProducts } from './products.js';
import { showTestTools } from './test-tools.js';
import { api, h, say } from './tools.js';

const TABS = {
  orders: showOrders,
  held: showHeld,
  health: showHealth,
  products: showProducts,
  tools: showTestTools,
};
const panel = document.querySelector('#panel');
const tabs = document.querySelectorAll('[role=tab]');
let [session, stop] = [undefined, () => undefined];

function route() {
  const [name, ...value] = location.hash.slice(1).split('=');
  const known = name === 'search' || name === 'order' || name === '' ? 'orders' : name;
  const tab = TABS[known] ? known : 'orders';
  stop();
  say('');
  for (const one of tabs) one.ariaSelected = String(one.id === `tab-${tab}`);
  panel.setAttribute('aria-labelledby', `tab-${tab}`);
  panel.replaceChildren();
  stop = TABS[tab](panel, session, { [name]: decodeURIComponent(value.join('=')) }) ?? (() => undefined);
}

for (const one of tabs)
  one.addEventListener('click', () => {
    const hash = `#${one.id.slice(4)}`;
    if (location.hash === hash) route();
    else location.hash = hash;
  });

async function connect() {
  try {
    session = await api('GET', 'session');
  } catch (error) {
    document.querySelector('#about').textContent = 'Not connected.';
    say(error.message, true);
    panel.replaceChildren(h('button', { type: 'button', onclick: connect }, 'Try again'));
    return;
  }
  const where = session.local
    ? 'on this machine, without a real account or real mail'
    : `on AWS, table ${session.table}`;
  document.querySelector('#about').textContent = `${session.seller}: ${where}. You are ${session.who}.`;
  document.querySelector('#tab-tools').hidden = !session.local;
  addEventListener('hashchange', route);
  route();
}

await connect();
