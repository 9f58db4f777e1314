// The tab Test tools of the local system: test orders, dropped mails and programs, faults, the clock, and the inbox.
import { field, fill, html, input, options, select, typedIn } from './html.js';
import { api, doing, every, mailView, say, sayError, time } from './tools.js';

export function showTestTools(panel) {
  const mails = inbox();
  panel.append(orderForm(mails), dropped(mails), faults(mails), mails.node);
  return every(2_000, () => mails.load().catch(() => undefined));
}

function orderForm(mails) {
  const [provider, product] = [select('provider', []), select('product', [])];
  const test = input('test', { type: 'checkbox' });
  const submit = html`<button type="submit" disabled>Send the order</button>`;
  const output = html`<output id="response"></output>`;
  let products = [];
  const showProducts = () => {
    const sold = products.filter(({ skus }) => skus[provider.value]?.length);
    fill(product, options((sold.length > 0 ? sold : products).map(({ id, name }) => [id, name])));
  };
  api('GET', 'local/catalogue').then((catalogue) => {
    products = catalogue.products;
    fill(provider, options(catalogue.providers.map((name) => [name])));
    showProducts();
    submit.disabled = false;
  }, sayError);
  provider.addEventListener('change', showProducts);
  const send = async ({ target }) => {
    const { id, ...fields } = typedIn(target);
    const answer = await api('POST', 'local/simulate', { ...fields, ...(id && { id }), test: test.checked });
    output.textContent = `${fields.provider} receives ${answer.status} ${answer.body}`;
    mails.showNewest();
    await mails.load();
    return output.textContent;
  };
  return html`<section>
    <h2>A test order</h2>
    <p>Signed as the provider signs, and sent to your webhook over HTTP.</p>
    <form id="order" @submit=${doing(send)}>
      ${field('Provider', provider)}
      ${field('Product', product)}
      ${field("Buyer's name", input('name', { value: 'Zoë Lindqvist' }))}
      ${field('Mail address', input('email', { value: 'zoe.lindqvist@example.com' }))}
      ${field('Company', input('company'))}
      ${field('Event', input('event', { value: 'paid' }), 'paid, refunded, … as the provider has them')}
      ${field('Number of the order', input('id'), 'To refund or repeat an order')}
      <label class="check">${test} Marked as a test by the provider</label>
      <p class="buttons">${submit}</p>
    </form>
    ${output}
  </section>`;
}

/** Files that are dropped on the section, or chosen. */
function dropped(mails) {
  const file = input('file', { type: 'file', accept: '.eml,.wasm', required: true });
  const dmarc = select('dmarc', [['PASS'], ['FAIL'], ['GRAY']]);
  const output = html`<output id="received"></output>`;
  const take = async () => {
    const [chosen] = file.files;
    output.textContent = await (chosen.name.endsWith('.wasm') ? program(chosen) : mail(chosen));
    return output.textContent;
  };
  const mail = async (chosen) => {
    const path = `local/order-mails?spam=PASS&dmarc=${dmarc.value}`;
    const { disposition, reason, key } = await api('POST', path, chosen);
    await mails.load();
    return [disposition, reason, key].filter(Boolean).join(', ');
  };
  const program = async (chosen) => {
    const { faults: found } = await api('POST', 'generator', chosen);
    return found.length === 0 ? `${chosen.name} may run.` : `${chosen.name} is refused: ${found.join('; ')}`;
  };
  const drop = (event) => {
    event.preventDefault();
    file.files = event.dataTransfer.files;
    form.requestSubmit();
  };
  const form = html`<form id="dropped" @submit=${doing(take)}>
    ${field('File', file)}
    ${field('DMARC result', dmarc, 'Of a mail')}
    <p class="buttons"><button type="submit">Receive the file</button></p>
  </form>`;
  return html`<section @dragover=${(event) => event.preventDefault()} @drop=${drop}>
    <h2>A store's mail, or a generator</h2>
    <p>Drop a file here: an order mail (.eml), or a program that makes serials (.wasm).</p>
    ${form}${output}
  </section>`;
}

const FAULTS = {
  ses: {
    '': 'SES works',
    throttle: 'SES throttles',
    down: 'SES is down',
    timeout: 'SES never answers, nothing accepted',
    lost: 'SES accepts, and its answer is lost',
    slow: 'SES accepts, and answers a second later',
    reject: 'SES rejects the message',
    sandbox: 'SES is in the sandbox',
  },
  dynamodb: { '': 'DynamoDB works', throttle: 'DynamoDB throttles', down: 'DynamoDB is down' },
  secretsmanager: { '': 'Secrets Manager works', down: 'Secrets Manager is down' },
};
const SERVICES = { ses: 'SES', dynamodb: 'DynamoDB', secretsmanager: 'Secrets Manager' };

function faults(mails) {
  const switches = Object.entries(FAULTS).map(([name, states]) => {
    const one = select(name, Object.entries(states));
    one.addEventListener('change', () => {
      const message = `${states[one.value]}.`;
      api('PUT', 'local/faults', { [name]: one.value || null }).then(() => say(message), sayError);
    });
    return one;
  });
  const hours = input('hours', { type: 'number', min: 0, step: 'any' });
  const showClock = ({ ahead }) => {
    hours.value = ahead / 3_600;
    return `The clock is ${hours.value} hours ahead.`;
  };
  hours.addEventListener('change', () => {
    const ahead = Math.round(hours.value * 3_600);
    api('PUT', 'local/clock', { ahead }).then((now) => say(showClock(now)), sayError);
  });
  api('GET', 'local/clock').then(showClock, sayError);
  api('GET', 'local/faults').then((now) => {
    for (const one of switches) one.value = now[one.name] ?? '';
  }, sayError);
  const output = html`<output id="redelivered"></output>`;
  const redeliver = async () => {
    const { due, sent, failed } = await api('POST', 'local/redeliver');
    await mails.load();
    output.textContent = `${due} due: ${sent} sent, ${failed} failed`;
    return output.textContent;
  };
  return html`<section>
    <h2>When AWS fails, and time passes</h2>
    <p>
      Switch a fault on, send an order, and switch the fault off: no order that got a success response is lost.
    </p>
    <form id="faults" @submit=${doing(redeliver)}>
      ${switches.map((one) => field(SERVICES[one.name], one))}
      ${field('Clock: hours ahead', hours, 'Of all Lambdas, until you change it')}
      <p class="buttons"><button type="submit">Send what is due now</button></p>
    </form>
    <p>The button acts as if it were the time at which the last mail is due.</p>
    ${output}
  </section>`;
}

function inbox() {
  const count = html`<small></small>`;
  const list = html`<ul class="cards" id="mails"></ul>`;
  const view = html`<div id="mail"></div>`;
  let [mails, current, last, shown] = [[], undefined, '', undefined];
  const load = async () => {
    const all = await api('GET', 'local/mails?newest=200');
    const now = JSON.stringify([all.map(({ id }) => id), current]);
    if (now === last) return;
    last = now;
    mails = all.toReversed();
    count.textContent = ` ${mails.length || 'none yet'}`;
    render();
  };
  const render = () => {
    const chosen = mails.find(({ id }) => id === current) ?? mails[0];
    const open = (id) => () => {
      current = id;
      render();
    };
    const cards = mails.map(
      ({ id, subject, to, at }) => html`<li>
        <button type="button" aria-current=${String(id === chosen.id)} @click=${open(id)}>
          <span>${subject}</span><span>${to.join(', ')} · ${time(at)}</span>
        </button>
      </li>`,
    );
    fill(list, cards);
    if (chosen?.id !== shown) fill(view, chosen && mailView(chosen));
    shown = chosen?.id;
  };
  load().catch(sayError);
  return {
    node: html`<section><h2>Inbox${count}</h2><div class="split">${list}${view}</div></section>`,
    load,
    showNewest: () => {
      current = undefined;
    },
  };
}
