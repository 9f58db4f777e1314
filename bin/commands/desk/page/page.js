// The desk: opens a tab by its name in the address (#held, #search=…, #order=…), and keeps it true.
import { showHealth } from './health.js';
import { showHeld } from './held.js';
import { button, fill } from './html.js';
import { showOrders } from './orders.js';
import { showProducts } from './products.js';
import { showTestTools } from './test-tools.js';
import { api, say, sayError } from './tools.js';

const TABS = {
  orders: showOrders,
  held: showHeld,
  health: showHealth,
  products: showProducts,
  tools: showTestTools,
};
const panel = document.querySelector('#panel');
const about = document.querySelector('#about');
const tabs = document.querySelectorAll('[role=tab]');
let [session, stop] = [undefined, undefined];

function route() {
  // A help desk's link may contain these characters as they are.
  const hash = location.hash.slice(1).replace(/[&+]/g, encodeURIComponent);
  const [[name, value] = []] = new URLSearchParams(hash);
  // #search and #order are in the tab Orders.
  const tab = Object.hasOwn(TABS, name ?? '') ? name : 'orders';
  stop?.();
  say('');
  for (const one of tabs) one.ariaSelected = String(one.id === `tab-${tab}`);
  panel.setAttribute('aria-labelledby', `tab-${tab}`);
  fill(panel);
  stop = TABS[tab](panel, session, { [name]: value });
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
    about.textContent = 'Not connected.';
    sayError(error);
    fill(panel, button('Try again', connect));
    return;
  }
  const { seller, who, local, table } = session;
  const where = local ? 'on this machine, without a real account or real mail' : `on AWS, table ${table}`;
  about.textContent = `${seller}: ${where}. You are ${who}.`;
  document.querySelector('#tab-tools').hidden = !local;
  addEventListener('hashchange', route);
  route();
}

await connect();
