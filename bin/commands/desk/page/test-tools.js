// The tab Test tools of the local system: test orders, dropped mails and programs, faults, and the inbox.
import { api, doing, field, fill, h, mailView, options, say, submit, time } from './tools.js';

export function showTestTools(panel) {
  const mails = inbox();
  panel.append(orderForm(mails), dropped(mails), faults(mails), mails.node);
  const timer = setInterval(() => void mails.load().catch(() => undefined), 2_000);
  return () => clearInterval(timer);
}

function orderForm(mails) {
  const [provider, product] = [h('select', { name: 'provider' }), h('select', { name: 'product' })];
  const input = (name, value = '') => h('input', { name, value, autocomplete: 'off' });
  const test = h('input', { type: 'checkbox', name: 'test' });
  const output = h('output', { id: 'response' });
  let products = [];
  const showProducts = () => {
    const sold = products.filter(({ skus }) => skus[provider.value]?.length);
    fill(product, ...options((sold.length > 0 ? sold : products).map(({ id, name }) => [id, name])));
  };
  void api('GET', 'local/catalogue').then(
    (catalogue) => {
      products = catalogue.products;
      fill(provider, ...options(catalogue.providers.map((name) => [name])));
      showProducts();
    },
    (error) => say(error.message, true),
  );
  provider.addEventListener('change', showProducts);
  const event = input('event', 'paid');
  const send = async ({ target }) => {
    const { test: _, id, ...fields } = Object.fromEntries(new FormData(target));
    const answer = await api('POST', 'local/simulate', { ...fields, ...(id && { id }), test: test.checked });
    output.textContent = `${fields.provider} receives ${answer.status} ${answer.body}`;
    mails.open();
    await mails.load();
    return output.textContent;
  };
  return h(
    'section',
    {},
    h('h2', {}, 'A test order'),
    h('p', {}, 'Signed as the provider signs, and sent to your webhook over HTTP.'),
    h(
      'form',
      { id: 'order', onsubmit: doing(send) },
      field('Provider', provider),
      field('Product', product),
      field("Buyer's name", input('name', 'Zoë Lindqvist')),
      field('Mail address', input('email', 'zoe.lindqvist@example.com')),
      field('Company', input('company')),
      field('Event', event, 'paid, refunded, … as the provider has them'),
      field('Number of the order', input('id'), 'To refund or repeat an order'),
      h('label', { className: 'check' }, test, ' Marked as a test by the provider'),
      submit('Send the order'),
    ),
    output,
  );
}

/** Files that are dropped on the section, or chosen. */
function dropped(mails) {
  const file = h('input', { type: 'file', accept: '.eml,.wasm', required: true });
  const dmarc = h('select', {}, options([['PASS'], ['FAIL'], ['GRAY']]));
  const output = h('output', { id: 'received' });
  const take = async () => {
    const [chosen] = file.files;
    output.textContent = chosen.name.endsWith('.wasm') ? await program(chosen) : await mail(chosen);
    return output.textContent;
  };
  const mail = async (chosen) => {
    const { disposition, reason, key } = await api(
      'POST',
      `local/order-mails?spam=PASS&dmarc=${dmarc.value}`,
      chosen,
    );
    await mails.load();
    return [disposition, reason, key].filter(Boolean).join(', ');
  };
  const program = async (chosen) => {
    const { faults: found } = await api('POST', 'generator', chosen);
    return found.length === 0 ? `${chosen.name} may run.` : `${chosen.name} is refused: ${found.join('; ')}`;
  };
  const form = h(
    'form',
    { id: 'dropped', onsubmit: doing(take) },
    field('File', file),
    field('DMARC result', dmarc, 'Of a mail'),
    submit('Receive the file'),
  );
  return h(
    'section',
    {
      ondragover: (event) => event.preventDefault(),
      ondrop: (event) => {
        event.preventDefault();
        file.files = event.dataTransfer.files;
        form.requestSubmit();
      },
    },
    h('h2', {}, "A store's mail, or a generator"),
    h('p', {}, 'Drop a file here: an order mail (.eml), or a program that makes serials (.wasm).'),
    form,
    output,
  );
}

const FAULTS = {
  ses: [
    'SES',
    {
      throttle: 'throttles',
      down: 'is down',
      timeout: 'never answers, nothing accepted',
      lost: 'accepts, and its answer is lost',
      slow: 'accepts, and answers a second later',
      reject: 'rejects the message',
      sandbox: 'is in the sandbox',
    },
  ],
  dynamodb: ['DynamoDB', { throttle: 'throttles', down: 'is down' }],
  secretsmanager: ['Secrets Manager', { down: 'is down' }],
};

function faults(mails) {
  const selects = Object.entries(FAULTS).map(([name, [label, states]]) => {
    const select = h('select', { name }, options([['', 'works'], ...Object.entries(states)]));
    select.addEventListener('change', async () => {
      try {
        await api('PUT', 'local/faults', { [name]: select.value || null });
        say(select.value ? `${label} ${states[select.value]}.` : `${label} works.`);
      } catch (error) {
        say(error.message, true);
      }
    });
    return [label, select];
  });
  void api('GET', 'local/faults').then(
    (now) => {
      for (const [, select] of selects) select.value = now[select.name] ?? '';
    },
    (error) => say(error.message, true),
  );
  const hours = h('input', { type: 'number', min: 0, step: 'any' });
  const output = h('output', { id: 'redelivered' });
  const redeliver = async () => {
    const ahead = hours.value === '' ? '' : `?ahead=${Math.round(hours.value * 3_600)}`;
    const { due, sent, failed } = await api('POST', `local/redeliver${ahead}`);
    await mails.load();
    output.textContent = `${due} due: ${sent} sent, ${failed} failed`;
    return output.textContent;
  };
  return h(
    'section',
    {},
    h('h2', {}, 'When AWS fails, and time passes'),
    h(
      'p',
      {},
      'Switch a fault on, send an order, and switch the fault off: no order that got a success response is lost.',
    ),
    h(
      'form',
      { id: 'faults', onsubmit: doing(redeliver) },
      selects.map(([label, select]) => field(label, select)),
      field('Clock: hours ahead', hours, 'Empty: until the last mail is due'),
      submit('Send what is due now'),
    ),
    output,
  );
}

function inbox() {
  const count = h('small');
  const list = h('ul', { className: 'cards', id: 'mails' });
  const view = h('div', { id: 'mail' });
  let [mails, current, last, shown] = [[], undefined, '', ''];
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
    const shownMail = mails.find(({ id }) => id === current) ?? mails[0];
    fill(
      list,
      ...mails.map((mail) =>
        h(
          'li',
          {},
          h(
            'button',
            {
              type: 'button',
              ariaCurrent: String(mail === shownMail),
              onclick: () => open(mail.id),
            },
            h('span', {}, mail.subject),
            h('span', {}, `${mail.to.join(', ')} · ${time(mail.at)}`),
          ),
        ),
      ),
    );
    if (shownMail && shownMail.id !== shown) fill(view, mailView(shownMail));
    if (!shownMail) fill(view);
    shown = shownMail?.id ?? '';
  };
  const open = (id) => {
    current = id;
    render();
  };
  load().catch((error) => say(error.message, true));
  return {
    node: h('section', {}, h('h2', {}, 'Inbox', count), h('div', { className: 'split' }, list, view)),
    load,
    /** The newest mail is shown again. */
    open: () => {
      current = undefined;
    },
  };
}
