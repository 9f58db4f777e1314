// The tab Products: the serial maker, the finder of profiles, and previews of the mail.
import { button, choice, fact, field, fill, html, input, select } from './html.js';
import { api, copy, doing, mailView } from './tools.js';

export function showProducts(panel, { products }) {
  const maker = serialMaker(products);
  panel.append(maker.node, finder(maker.profile), preview(products), catalogue(products));
}

/** A key may begin or end with a space. */
const raw = (form) => Object.fromEntries(new FormData(form));
const textarea = (name, rows) => html`<textarea name=${name} rows=${rows} spellcheck="false"></textarea>`;

function serialMaker(products) {
  const product = choice(products);
  const profile = textarea('profile', 8);
  const output = html`<output id="made"></output>`;
  const show = () => {
    const { serial } = products.find(({ id }) => id === product.value) ?? {};
    profile.value = JSON.stringify(serial, null, 2) ?? '';
  };
  const make = async ({ target }) => {
    fill(output);
    const { key, name } = raw(target);
    const body = { key, name, profile: profileOf(profile.value) };
    const { licensee, serial } = await api('POST', 'serial', body);
    fill(output, html`Serial for ${licensee}: <code>${serial}</code> ${copy('the serial', serial)}`);
    return 'The serial is made.';
  };
  product.addEventListener('change', show);
  show();
  const node = html`<section>
    <h2>Your key and a name you know</h2>
    <p>Does Keypost make the serial that your app accepts? Your input is not stored.</p>
    <form id="serial" @submit=${doing(make)}>
      ${field('Product', product)}
      ${field('Key', input('key', { required: true }))}
      ${field('Name', input('name', { required: true }))}
      <details>
        <summary>How the serial is made</summary>
        ${field('Profile', profile, 'JSON, or the text of the catalogue')}
      </details>
      <p class="buttons"><button type="submit">Make the serial</button></p>
    </form>
    ${output}
  </section>`;
  return { node, profile };
}

/** Reads a profile as JSON, or as the object in a catalogue: `serial: { kind: 'aes-128', … },`. */
export function profileOf(text) {
  const json = text
    .trim()
    .replace(/^serial\s*:/, '')
    .replace(/,$/, '')
    .replace(/'((?:[^'\\]|\\.)*)'/g, (_, inside) => JSON.stringify(inside.replaceAll("\\'", "'")))
    .replace(/([{,]\s*)([A-Za-z_]\w*)\s*:/g, '$1"$2":')
    .replace(/,(\s*[}\]])/g, '$1');
  for (const one of [text, json])
    try {
      return JSON.parse(one);
    } catch {
      // The other form is tried, then the error below is shown.
    }
  throw new Error(
    'The profile is neither JSON nor an object of the catalogue. Expected { "kind": "aes-128", … }.',
  );
}

function finder(profile) {
  const output = html`<output id="found"></output>`;
  const find = async ({ target }) => {
    fill(output);
    const { lines, matches, undecided } = await api('POST', 'find-profile', raw(target));
    if (lines.length === 0)
      throw new Error(
        'No profile makes all of these serials. Check that the key belongs to that app, and that each serial belongs to its name.',
      );
    const use = (at) => () => {
      profile.value = JSON.stringify(matches[at], null, 2);
      profile.closest('details').open = true;
      profile.focus();
    };
    fill(
      output,
      `${lines.length > 1 ? `${lines.length} profiles make` : 'One profile makes'} all of the serials. For the catalogue:`,
      lines.map(
        (line, at) => html`<div>
          <pre tabindex="0">${line}</pre>
          ${copy('the profile', line)} ${button('Use it above', use(at))}
        </div>`,
      ),
      undecided && `The serial of ${undecided} would distinguish them.`,
    );
    return 'A profile is found.';
  };
  const pairs = Object.assign(textarea('pairs', 6), { required: true });
  return html`<section>
    <h2>Your key and a few pairs</h2>
    <p>
      Find the settings of your app from three to five genuine names with their serials: one name of 15 bytes, one
      of 16, a longer one, one with an accent. Your input is not stored.
    </p>
    <form id="finder" @submit=${doing(find)}>
      ${field("The app's key", input('key', { required: true }))}
      ${field(
        'Pairs',
        pairs,
        'One in each line, the name first: with a comma, a semicolon or a tab, as a spreadsheet copies them',
      )}
      <p class="buttons"><button type="submit">Find the profile</button></p>
    </form>
    ${output}
  </section>`;
}

const LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'ja'].map((tag) => [
  tag,
  new Intl.DisplayNames(tag, { type: 'language' }).of(tag),
]);

function preview(products) {
  const output = html`<div></div>`;
  const show = async ({ target }) => {
    fill(output, mailView(await api('POST', 'mail-preview', raw(target))));
  };
  return html`<section>
    <h2>The mail</h2>
    <form @submit=${doing(show)}>
      ${field('Product of the mail', choice(products))}
      ${field('Language', select('locale', LANGUAGES))}
      <p class="buttons"><button type="submit">Show the mail</button></p>
    </form>
    ${output}
  </section>`;
}

const catalogue = (products) => html`<section>
  <h2>Products of the catalogue</h2>
  <dl>${products.map(({ id, name, serial, skus }) => {
    const sold = Object.entries(skus).map(([provider, list]) => `${provider} ${list.join(', ')}`);
    return fact(`${name} (${id})`, `${serial.kind}; SKUs: ${sold.join('; ')}`);
  })}</dl>
</section>`;
