// The desk's API, and what all its tabs show.
import { button, html, visible } from './html.js';

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

/** Repeats the work while the page is visible. Returns the function that ends it. */
export function every(milliseconds, work) {
  const timer = setInterval(() => document.visibilityState === 'visible' && work(), milliseconds);
  return () => clearInterval(timer);
}

/** A time with its date and zone. */
export const time = (at) => (at ? `${at.slice(0, 16).replace('T', ' ')} UTC` : '');

/** Says how much of the table is read. The size of a new table is not known. */
export const partOf = (read) =>
  read >= 1
    ? ''
    : ` so far; ${read > 0 ? `${Math.floor(read * 100)} % of` : 'the rest of'} the table is being read`;

/** A link to a page of the documentation. */
export const doc = (name, anchor = '') =>
  html`<a href=${`/desk/docs/${name}.md${anchor && `#${anchor}`}`} target="_blank">docs/${name}.md</a>`;

/** Says the result at the top of the page, and to a screen reader. */
export function say(text, isBad = false) {
  const status = document.querySelector('#status');
  status.className = isBad ? 'bad' : '';
  status.textContent = visible(text);
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
  html`<button type="button" class="copy" title=${`Copy ${what}`} @click=${doing(async () => {
    await navigator.clipboard.writeText(text);
    return `Copied ${what}.`;
  })}>Copy</button>`;

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
