// Functions that all parts of the desk use. Text is always set as text, never as markup.
const token = new URLSearchParams(location.search).get('token');

/** Calls the desk's API. Throws an Error whose message says what to do; `error.answer` is the JSON. */
export async function api(method, path, body) {
  const headers = token ? { 'x-desk-token': token } : {};
  const isFile = body instanceof Blob;
  const sent = body === undefined || isFile ? body : JSON.stringify(body);
  const response = await fetch(`/desk/api/${path}`, { method, headers, body: sent }).catch(() => {
    throw new Error('The desk does not answer. Start it again, and open the address that it prints.');
  });
  const answer = await response.json();
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.message ?? `The desk answers ${response.status}.`), { answer });
}

/** Makes an element. Properties that start with `on` are listeners; children may be texts or lists. */
export function h(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (key in node && key !== 'list') node[key] = value;
    else if (value !== undefined && value !== false) node.setAttribute(key, value);
  }
  fill(node, ...children);
  return node;
}

/** Replaces the children of the node. A condition that does not hold shows nothing. */
export const fill = (node, ...children) =>
  node.replaceChildren(
    ...children.flat(3).filter((child) => child !== undefined && child !== null && child !== false),
  );

export const button = (label, onclick, more = {}) => h('button', { type: 'button', onclick, ...more }, label);
export const submit = (label) => h('p', { className: 'buttons' }, h('button', { type: 'submit' }, label));

/** A table of which each row is a list of cells. */
export const table = (titles, rows) =>
  h(
    'div',
    { className: 'scroll' },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ...titles.map((title) => h('th', { scope: 'col' }, title)))),
      h('tbody', {}, ...rows.map((cells) => h('tr', {}, ...cells.map((cell) => h('td', {}, cell))))),
    ),
  );

let hints = 0;

/** An input with its label. The hint is no part of the label, and is read after it. */
export function field(label, input, hint) {
  hints += 1;
  if (hint) input.setAttribute('aria-describedby', `hint-${hints}`);
  return h(
    'div',
    { className: 'field' },
    h('label', {}, h('span', {}, label), input),
    hint && h('small', { id: `hint-${hints}` }, hint),
  );
}

export const options = (values) => values.map(([value, text = value]) => h('option', { value }, text));

/** A time with its date and zone. */
export const time = (at) => (at ? `${at.slice(0, 16).replace('T', ' ')} UTC` : '');

/** A link to a page of the documentation. */
export const doc = (name, anchor = '') =>
  h('a', { href: `/desk/docs/${name}.md${anchor && `#${anchor}`}`, target: '_blank' }, `docs/${name}.md`);

/** Says the result at the top of the page, and to a screen reader. */
export function say(text, isBad = false) {
  const status = document.querySelector('#status');
  status.className = isBad ? 'bad' : '';
  status.textContent = text;
}

/** Runs the work of a button. A failure is shown, and the button works again. */
export const doing = (work) => async (event) => {
  event.preventDefault();
  const button = event.submitter ?? event.currentTarget;
  button.disabled = true;
  say('Working …');
  try {
    say((await work(event)) ?? '');
  } catch (error) {
    say(error.message, true);
  }
  button.disabled = false;
};

/** A button that copies a text. */
export const copy = (what, text) =>
  text &&
  h(
    'button',
    {
      type: 'button',
      className: 'copy',
      onclick: async () => {
        await navigator.clipboard.writeText(text);
        say(`Copied ${what}.`);
      },
    },
    'Copy',
    h('span', { className: 'unseen' }, ` ${what}`),
  );

/** The state of an order in words. */
export function stateOf({ status, mail, held }) {
  const state = mail.state ?? mail;
  const words = [
    h('span', { className: held.length > 0 ? 'badge bad' : status === 'paid' ? 'badge' : 'badge odd' }, [
      held.length > 0 ? `Held: ${held.join(', ')}` : status.replace('_', ' '),
    ]),
    state === 'none'
      ? held.length > 0
        ? `${status.replace('_', ' ')}, no mail`
        : 'no mail'
      : `mail ${state}`,
  ];
  return h('span', { className: 'state' }, words[0], ` ${words[1]}`);
}

/** Shows a mail in a frame without any right. */
export function mailView({ subject, from, to, html, text, headers }) {
  const policy = `<!doctype html><meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">`;
  const frame = h('iframe', { title: 'The mail as its reader shows it', sandbox: '', srcdoc: policy + html });
  const pre = h('pre', { hidden: true, tabIndex: 0 });
  const views = { 'As shown': undefined, Text: text };
  if (headers)
    views.Headers = Object.entries(headers)
      .map((line) => line.join(': '))
      .join('\n');
  const show = (name) => {
    frame.hidden = name !== 'As shown';
    pre.hidden = name === 'As shown';
    pre.textContent = views[name] ?? '';
    for (const one of buttons) one.ariaPressed = String(one.textContent === name);
  };
  const buttons = Object.keys(views).map((name) =>
    button(name, () => show(name), { ariaPressed: String(name === 'As shown') }),
  );
  return h(
    'article',
    { className: 'mail' },
    h('h3', {}, subject),
    to && h('p', { className: 'envelope' }, `${from} → ${[to].flat().join(', ')}`),
    h('p', { className: 'views' }, buttons),
    frame,
    pre,
  );
}
