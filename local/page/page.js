// The page of `npm start`. Text that comes from a buyer is set as text, never as markup.
const $ = (selector) => document.querySelector(selector);

async function request(method, path, body) {
  const response = await fetch(path, { method, body: body && JSON.stringify(body) });
  const value = await response.json();
  if (!response.ok) throw new Error(value.message);
  return value;
}

function element(name, text, attributes = {}) {
  const node = Object.assign(document.createElement(name), attributes);
  node.textContent = text;
  return node;
}

const cell = (...lines) => {
  const node = element('td', '');
  node.append(...lines.filter(Boolean).map((line) => (line instanceof Node ? line : element('div', line))));
  return node;
};

/** Shows the result or the error under the form. */
async function show(output, button, work) {
  button.disabled = true;
  output.className = '';
  try {
    output.replaceChildren(...(await work()));
  } catch (error) {
    output.className = 'bad';
    output.replaceChildren(error.message);
  }
  output.hidden = false;
  button.disabled = false;
}

const { aws, providers, products, hasMailStore } = await request('GET', '/local/catalogue');
/** The mails, the ID of the open one (undefined: the newest), and its view. */
let [mails, current, view] = [[], undefined, 'html'];
const [serial, finder, order, faults] = [$('#serial'), $('#finder'), $('#order'), $('#faults')];
$('#aws').textContent = aws;
for (const { id, name } of products) serial.product.append(element('option', name, { value: id }));
for (const name of providers) order.provider.append(element('option', name));

function showProfile() {
  const { serial: profile } = products.find(({ id }) => id === serial.product.value);
  serial.profile.value = JSON.stringify(profile, null, 2);
}
function showProducts() {
  const sold = products.filter(({ skus }) => skus[order.provider.value]);
  order.product.replaceChildren(...sold.map(({ id, name }) => element('option', name, { value: id })));
}
serial.product.addEventListener('change', showProfile);
order.provider.addEventListener('change', showProducts);
showProfile();
showProducts();

serial.addEventListener('submit', async (event) => {
  event.preventDefault();
  await show($('#made'), event.submitter, async () => {
    const profile = JSON.parse(serial.profile.value);
    const made = await request('POST', '/local/serial', {
      key: serial.key.value,
      name: serial.name.value,
      profile,
    });
    return [`Serial for ${made.licensee}`, element('strong', made.serial)];
  });
});

finder.addEventListener('submit', async (event) => {
  event.preventDefault();
  await show($('#found'), event.submitter, async () => {
    const { lines, undecided } = await request('POST', '/local/find-profile', {
      key: finder.key.value,
      pairs: finder.pairs.value,
    });
    if (lines.length === 0) {
      throw new Error(
        'No profile makes all of these serials. Check that the key belongs to that app, and that each serial belongs to its name.',
      );
    }
    const many = lines.length > 1;
    return [
      `${many ? `${lines.length} profiles make` : 'One profile makes'} all of the serials. For the catalogue:`,
      ...lines.map((line) => element('pre', line)),
      undecided ? `The serial of ${undecided} would distinguish them.` : '',
    ];
  });
});

order.addEventListener('submit', async (event) => {
  event.preventDefault();
  await show($('#response'), event.submitter, async () => {
    const { test, ...fields } = Object.fromEntries(new FormData(order));
    const { status, body } = await request('POST', '/local/simulate', { ...fields, test: Boolean(test) });
    current = undefined;
    await refresh();
    return [`${fields.provider} receives ${status} ${body}`];
  });
});

const orderMail = $('#order-mail');
orderMail.hidden = !hasMailStore;
orderMail.addEventListener('submit', async (event) => {
  event.preventDefault();
  await show($('#received'), event.submitter, async () => {
    const path = `/local/order-mails?spam=PASS&dmarc=${orderMail.dmarc.value}`;
    const response = await fetch(path, { method: 'POST', body: orderMail.file.files[0] });
    const { message, disposition, reason, key } = await response.json();
    if (!response.ok) throw new Error(message);
    await refresh();
    return [[disposition, reason, key].filter(Boolean).join(', ')];
  });
});

function showOrders(orders) {
  $('#orders-count').textContent = orders.length || '';
  $('#no-orders').hidden = orders.length > 0;
  $('#orders').hidden = orders.length === 0;
  $('#orders tbody').replaceChildren(
    ...orders.toReversed().map(({ receivedAt, key, test, buyer, lines, status, mail }) => {
      const row = element('tr', '');
      const held = lines.filter((line) => line.held).map((line) => `held: ${line.held}`);
      row.append(
        cell(new Date(receivedAt).toLocaleTimeString()),
        cell(key, test && 'test order'),
        cell(buyer.name || 'no name', buyer.email || 'no address'),
        cell(
          ...lines.flatMap((line) => [
            element('div', line.serial ?? '–', { className: 'mono' }),
            line.product ?? line.sku,
          ]),
        ),
        cell(
          `${status}, mail ${mail.state}`,
          mail.lastError,
          ...held.map((text) => element('div', text, { className: 'bad' })),
        ),
      );
      return row;
    }),
  );
}

function showInbox() {
  $('#mails-count').textContent = mails.length || '';
  $('#no-mails').hidden = mails.length > 0;
  $('#inbox').hidden = mails.length === 0;
  $('#mails').replaceChildren(
    ...mails.toReversed().map((mail) => {
      const button = element('button', '', { type: 'button' });
      button.append(
        element('span', mail.subject),
        element('span', `${mail.to.join(', ')} · ${new Date(mail.at).toLocaleTimeString()}`),
      );
      if (mail.id === current) button.setAttribute('aria-current', 'true');
      button.addEventListener('click', () => open(mail.id));
      const item = element('li', '');
      item.append(button);
      return item;
    }),
  );
}

function open(id, shown = view) {
  [current, view] = [id, shown];
  const mail = mails.find((one) => one.id === id);
  const text = {
    text: mail.text,
    headers: Object.entries(mail.headers)
      .map((line) => line.join(': '))
      .join('\n'),
  };
  const policy = `<!doctype html><meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">`;
  $('#mail h3').textContent = mail.subject;
  $('#mail .envelope').textContent = `${mail.from} → ${mail.to.join(', ')}`;
  $('#mail iframe').srcdoc = policy + mail.html;
  $('#mail iframe').hidden = view !== 'html';
  $('#mail pre').hidden = view === 'html';
  $('#mail pre').textContent = text[view] ?? '';
  for (const button of $('#mail nav').children) button.ariaPressed = String(button.dataset.view === view);
  showInbox();
}

for (const button of $('#mail nav').children)
  button.addEventListener('click', () => open(current, button.dataset.view));

faults.addEventListener('change', async ({ target }) => {
  await request('PUT', '/local/faults', { [target.name]: target.value || null });
});

$('#redeliver').addEventListener('click', async ({ target }) => {
  await show($('#redelivered'), target, async () => {
    const { due, sent, failed } = await request('POST', '/local/redeliver');
    await refresh();
    return [`${due} due: ${sent} sent, ${failed} failed`];
  });
});

let last = '';

async function refresh() {
  const [orders, inbox, switched] = await Promise.all(
    ['orders?newest=200', 'mails?newest=200', 'faults'].map((name) => request('GET', `/local/${name}`)),
  );
  const now = JSON.stringify([orders, inbox.at(-1)?.id, switched]);
  if (now === last) return;
  last = now;
  mails = inbox;
  for (const [service, fault] of Object.entries(switched)) faults[service].value = fault ?? '';
  showOrders(orders);
  if (mails.length > 0) open(mails.some(({ id }) => id === current) ? current : mails.at(-1).id);
  else showInbox();
}

await refresh();
setInterval(() => refresh().catch(() => undefined), 2000);
