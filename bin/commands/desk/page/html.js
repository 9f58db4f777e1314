// Elements, forms and lists. Text is always set as text, never as markup.

/**
 * Makes the nodes of a template. A value in it is a child (a text, a node, or a list of these) or the value of an
 * attribute, a property or a listener (`@click`). Only the template's own strings are parsed as markup.
 */
export function html(strings, ...values) {
  const content = document.importNode(templateOf(strings).content, true);
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

/** A template is parsed once: its strings are the same object each time. */
function templateOf(strings) {
  const known = templates.get(strings);
  if (known) return known;
  const template = document.createElement('template');
  let markup = strings[0].trimStart();
  for (const [at, part] of strings.slice(1).entries()) {
    const isAttribute = markup.lastIndexOf('<') > markup.lastIndexOf('>');
    markup += (isAttribute ? `"{${at}}"` : `<!--${at}-->`) + part;
  }
  template.innerHTML = markup.trimEnd();
  templates.set(strings, template);
  return template;
}
const templates = new WeakMap();

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
    .filter((child) => child !== undefined && child !== null && child !== false)
    .map((child) => (child instanceof Node ? child : visible(child)));

/** Controls that reverse the text after them are shown, and have no effect. */
export const visible = (text) =>
  String(text).replace(
    /[\u202a-\u202e\u2066-\u2069]/g,
    (control) => `[U+${control.charCodeAt(0).toString(16).toUpperCase()}]`,
  );

/** Replaces the children of the node. */
export const fill = (node, ...children) => node.replaceChildren(...shown(children));

/** The same in a list, in which the focus stays at what has the same key. */
export function refill(list, ...children) {
  const { key } = document.activeElement?.dataset ?? {};
  fill(list, ...children);
  if (key) list.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

export const button = (label, onclick, isDisabled = false) =>
  html`<button type="button" @click=${onclick} disabled=${isDisabled}>${label}</button>`;

export const input = (name, more = {}) =>
  Object.assign(html`<input name=${name} autocomplete="off" spellcheck="false">`, more);

/** @param values pairs of a value and its text. */
export const select = (name, values) => html`<select name=${name}>${options(values)}</select>`;
export const options = (values) =>
  values.map(([value, text = value]) => html`<option value=${value}>${text}</option>`);

/** @param first what is chosen before a product is. */
export const choice = (products, first = []) =>
  select('product', [...first, ...products.map(({ id, name }) => [id, name])]);

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

/** An entry of a list of facts; nothing without a value. */
export const fact = (name, ...value) =>
  value.some(Boolean) && html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

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
