// What all parts of the desk use. Text is always set as text, never as markup.
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

/**
 * Makes the nodes of a template. A value in it is a child (a text, a node, or a list of these) or the value of an
 * attribute, a property or a listener (`@click`). Only the template's own strings are parsed as markup.
 */
export function html(strings, ...values) {
  const template = document.createElement('template');
  let markup = strings[0].trimStart();
  for (const [at, part] of strings.slice(1).entries()) {
    const isAttribute = markup.lastIndexOf('<') > markup.lastIndexOf('>');
    markup += (isAttribute ? `"{${at}}"` : `<!--${at}-->`) + part;
  }
  template.innerHTML = markup.trimEnd();
  const { content } = template;
  // Both lists are complete before the first value is set: what a value contains is not searched.
  const elements = [...content.querySelectorAll('*')];
  const children = [];
  const walker = document.createTreeWalker(content, NodeFilter.SHOW_COMMENT);
  while (walker.nextNode()) children.push(walker.currentNode);
  for (const comment of children) comment.replaceWith(...shown(values[comment.data]));
  for (const element of elements)
    for (const { name, value } of [...element.attributes]) {
      const at = /^\{(\d+)\}$/.exec(value)?.[1];
      if (at !== undefined) setAttribute(element, name, values[at]);
    }
  return content.childNodes.length === 1 ? content.firstChild : content;
}

function setAttribute(element, name, value) {
  element.removeAttribute(name);
  if (name.startsWith('@')) element.addEventListener(name.slice(1), value);
  else if (name in element) element[name] = value;
  else if (value !== undefined && value !== false) element.setAttribute(name, value);
}

/** A condition that does not hold shows nothing. */
const shown = (value) =>
  [value]
    .flat(Number.POSITIVE_INFINITY)
    .filter((child) => child !== undefined && child !== null && child !== false);

/** Replaces the children of the node. */
export const fill = (node, ...children) => node.replaceChildren(...shown(children));

export const button = (label, onclick, isDisabled = false) =>
  html`<button type="button" @click=${onclick} disabled=${isDisabled}>${label}</button>`;

export const input = (name, more = {}) =>
  Object.assign(html`<input name=${name} autocomplete="off" spellcheck="false">`, more);

/** @param values pairs of a value and its text. */
export const select = (name, values) => html`<select name=${name}>${options(values)}</select>`;
export const options = (values) =>
  values.map(([value, text = value]) => html`<option value=${value}>${text}</option>`);

/** Returns what is typed in the fields of a form. */
export const typedIn = (form) =>
  Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim?.() ?? value]));

let hints = 0;

/** A control with its label. The hint is no part of the label, and is read after it. */
export function field(label, control, hint) {
  hints += 1;
  if (hint) control.setAttribute('aria-describedby', `hint-${hints}`);
  return html`<div class="field">
    <label><span>${label}</span>${control}</label>
    ${hint && html`<small id=${`hint-${hints}`}>${hint}</small>`}
  </div>`;
}

/** A table of which each row is a list of cells. */
export const table = (titles, rows) => html`<div class="scroll"><table>
  <thead><tr>${titles.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
  <tbody>${rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;

/** The buttons that turn the pages of a list. */
export const pager = (page, pages, turn) =>
  pages > 1 && [
    button('Previous', () => turn(page - 1), page === 0),
    ` Page ${page + 1} of ${pages} `,
    button('Next', () => turn(page + 1), page + 1 >= pages),
  ];

/** Repeats the work while the page is visible. Returns the function that ends it. */
export function every(milliseconds, work) {
  const timer = setInterval(() => document.visibilityState === 'visible' && work(), milliseconds);
  return () => clearInterval(timer);
}

/** A time with its date and zone. */
export const time = (at) => (at ? `${at.slice(0, 16).replace('T', ' ')} UTC` : '');

/** A link to a page of the documentation. */
export const doc = (name, anchor = '') =>
  html`<a href=${`/desk/docs/${name}.md${anchor && `#${anchor}`}`} target="_blank">docs/${name}.md</a>`;

/** Says the result at the top of the page, and to a screen reader. */
export function say(text, isBad = false) {
  const status = document.querySelector('#status');
  status.className = isBad ? 'bad' : '';
  status.textContent = text;
}
export const sayError = (error) => say(error.message, true);

/** Runs the work of a button. A failure is shown, and the button works again. */
export const doing = (work) => async (event) => {
  event.preventDefault();
  const pressed = event.submitter ?? event.currentTarget;
  pressed.disabled = true;
  say('Working …');
  try {
    say((await work(event)) ?? '');
  } catch (error) {
    sayError(error);
  }
  pressed.disabled = false;
};

/** A button that copies a text. */
export const copy = (what, text) =>
  text &&
  html`<button type="button" class="copy" @click=${doing(async () => {
    await navigator.clipboard.writeText(text);
    return `Copied ${what}.`;
  })}>Copy<span class="unseen"> ${what}</span></button>`;

/** The state of an order in words. */
export function stateOf({ status, mail, held }) {
  const [words, sent] = [status.replace('_', ' '), mail.state ?? mail];
  const isHeld = held.length > 0;
  const kind = isHeld ? 'badge bad' : status === 'paid' ? 'badge' : 'badge odd';
  return html`<span class="state">
    <span class=${kind}>${isHeld ? `Held: ${held.join(', ')}` : words}</span>
    ${isHeld && sent === 'none' && `${words}, `}${sent === 'none' ? 'no mail' : `mail ${sent}`}
  </span>`;
}

/** Shows a mail in a frame without any right. */
export function mailView({ subject, from, to, html: body, text, headers }) {
  const policy = `<!doctype html><meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">`;
  const frame = html`<iframe title="The mail as its reader shows it" sandbox srcdoc=${policy + body}></iframe>`;
  const pre = html`<pre hidden tabindex="0"></pre>`;
  const lines = headers && Object.entries(headers).map((line) => line.join(': '));
  const views = { 'As shown': undefined, Text: text, ...(lines && { Headers: lines.join('\n') }) };
  const show = (name) => {
    frame.hidden = name !== 'As shown';
    pre.hidden = name === 'As shown';
    pre.textContent = views[name] ?? '';
    for (const one of buttons) one.ariaPressed = String(one.textContent === name);
  };
  const buttons = Object.keys(views).map((name) => button(name, () => show(name)));
  show('As shown');
  return html`<article class="mail">
    <h3>${subject}</h3>
    ${to && html`<p class="envelope">${from} → ${[to].flat().join(', ')}</p>`}
    <p class="views">${buttons}</p>
    ${frame}${pre}
  </article>`;
}
