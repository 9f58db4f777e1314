// The tab Products: the serial maker, the finder of profiles, and previews of the mail.
import { api, button, copy, doing, field, fill, h, mailView, options, submit } from './tools.js';

export function showProducts(panel, session) {
  const maker = serialMaker(session);
  panel.append(maker.node, finder(maker), preview(session), catalogue(session));
}

function serialMaker({ products }) {
  const product = h('select', { name: 'product' }, options(products.map(({ id, name }) => [id, name])));
  const key = h('input', { name: 'key', required: true, autocomplete: 'off', spellcheck: false });
  const name = h('input', { name: 'name', required: true, autocomplete: 'off', spellcheck: false });
  const profile = h('textarea', { name: 'profile', rows: 8, spellcheck: false });
  const output = h('output', { id: 'made' });
  const show = () => {
    const { kind, serial } = {
      ...products.find(({ id }) => id === product.value)?.serial,
      ...products.find(({ id }) => id === product.value),
    };
    profile.value = JSON.stringify(serial ?? { kind }, null, 2);
  };
  const make = async () => {
    fill(output);
    const made = await api('POST', 'serial', {
      key: key.value,
      name: name.value,
      profile: profileOf(profile.value),
    });
    fill(
      output,
      `Serial for ${made.licensee}: `,
      h('strong', { className: 'mono' }, made.serial),
      ' ',
      copy('the serial', made.serial),
    );
    return 'The serial is made.';
  };
  product.addEventListener('change', show);
  show();
  const node = h(
    'section',
    {},
    h('h2', {}, 'Your key and a name you know'),
    h('p', {}, 'Does Keypost make the serial that your app accepts? Your input is not stored.'),
    h(
      'form',
      { id: 'serial', onsubmit: doing(make) },
      ...[field('Product', product), field('Key', key), field('Name', name)],
      h(
        'details',
        {},
        h('summary', {}, 'How the serial is made'),
        field('Profile', profile, 'JSON, or the text of the catalogue'),
      ),
      submit('Make the serial'),
    ),
    output,
  );
  return { node, profile };
}

/** Reads a profile as JSON, or as the object in a catalogue: `serial: { kind: 'aes-128', … },`. */
export function profileOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    const json = text
      .trim()
      .replace(/^serial\s*:/, '')
      .replace(/,$/, '')
      .replace(/'((?:[^'\\]|\\.)*)'/g, (_, inside) => JSON.stringify(inside.replaceAll("\\'", "'")))
      .replace(/([{,]\s*)([A-Za-z_]\w*)\s*:/g, '$1"$2":')
      .replace(/,(\s*[}\]])/g, '$1');
    try {
      return JSON.parse(json);
    } catch {
      throw new Error(
        'The profile is neither JSON nor an object of the catalogue. Expected { "kind": "aes-128", … }.',
      );
    }
  }
}

function finder(maker) {
  const key = h('input', { name: 'key', required: true, autocomplete: 'off', spellcheck: false });
  const pairs = h('textarea', { name: 'pairs', rows: 6, required: true, spellcheck: false });
  const output = h('output', { id: 'found' });
  const find = async () => {
    fill(output);
    const { lines, matches, undecided } = await api('POST', 'find-profile', {
      key: key.value,
      pairs: pairs.value,
    });
    if (lines.length === 0)
      throw new Error(
        'No profile makes all of these serials. Check that the key belongs to that app, and that each serial belongs to its name.',
      );
    const use = (at) => () => {
      maker.profile.value = JSON.stringify(matches[at], null, 2);
      maker.profile.closest('details').open = true;
      maker.profile.focus();
    };
    fill(
      output,
      `${lines.length > 1 ? `${lines.length} profiles make` : 'One profile makes'} all of the serials. For the catalogue:`,
      ...lines.map((line, at) =>
        h(
          'div',
          {},
          h('pre', { tabIndex: 0 }, line),
          copy('the profile', line),
          ' ',
          button('Use it above', use(at)),
        ),
      ),
      undecided ? `The serial of ${undecided} would distinguish them.` : '',
    );
    return 'A profile is found.';
  };
  return h(
    'section',
    {},
    h('h2', {}, 'Your key and a few pairs'),
    h(
      'p',
      {},
      'Find the settings of your app from three to five genuine names with their serials: one name of 15 bytes, one of 16, a longer one, one with an accent. Your input is not stored.',
    ),
    h(
      'form',
      { id: 'finder', onsubmit: doing(find) },
      field("The app's key", key),
      field(
        'Pairs',
        pairs,
        'One in each line, the name first: with a comma, a semicolon or a tab, as a spreadsheet copies them',
      ),
      submit('Find the profile'),
    ),
    output,
  );
}

const LANGUAGES = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  it: 'Italiano',
  ja: '日本語',
};

function preview({ products }) {
  const product = h('select', {}, options(products.map(({ id, name }) => [id, name])));
  const language = h('select', {}, options(Object.entries(LANGUAGES)));
  const output = h('div');
  const show = async () => {
    const mail = await api('POST', 'mail-preview', { product: product.value, locale: language.value });
    fill(output, mailView(mail));
  };
  return h(
    'section',
    {},
    h('h2', {}, 'The mail'),
    h(
      'form',
      { onsubmit: doing(show) },
      field('Product of the mail', product),
      field('Language', language),
      submit('Show the mail'),
    ),
    output,
  );
}

const catalogue = ({ products }) =>
  h(
    'section',
    {},
    h('h2', {}, 'Products of the catalogue'),
    h(
      'dl',
      {},
      products.map(({ id, name, serial, skus }) =>
        h(
          'div',
          {},
          h('dt', {}, `${name} (${id})`),
          h(
            'dd',
            {},
            `${serial.kind}; SKUs: `,
            Object.entries(skus)
              .map(([provider, list]) => `${provider} ${list.join(', ')}`)
              .join('; '),
          ),
        ),
      ),
    ),
  );
