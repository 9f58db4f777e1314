/** The sentences of the mails: which there are, and the placeholders that each has to contain. */

export const SENTENCES = {
  hello: ['name'],
  helloUnnamed: [],
  gift: ['name'],
  giftReceived: [],
  enter: [],
  name: [],
  serial: [],
  activate: [],
  download: [],
  help: [],
  restFollows: [],
  keep: [],
  questions: [],
  yourOrder: [],
  trialSubject: ['product', 'order'],
  trialUntil: ['product', 'date'],
  trialBegan: ['product'],
  movedSubject: ['product', 'order'],
  moved: ['product', 'order'],
  movedQuestions: [],
  heldSubject: ['order'],
  held: ['order'],
  heldForName: [],
  heldForCheck: [],
  giveName: [],
  lostSerial: [],
  test: ['buyer'],
  theBuyer: [],
  imprint: [],
  privacy: [],
} as const;

/** Each has a form for each plural category of its language: https://cldr.unicode.org/index/cldr-spec/plural-rules */
export const PLURALS = {
  subject: ['product', 'order'],
  thanks: ['order'],
  copies: ['count'],
  more: ['count'],
} as const;

type Sentence = keyof typeof SENTENCES;
type Plural = keyof typeof PLURALS;

/** A text that contains `{name}` for each of the names. */
type Text<Names extends readonly string[]> = Names extends readonly [
  infer One extends string,
  ...infer Others extends string[],
]
  ? `${string}{${One}}${string}` & Text<Others>
  : string;

type Forms<One> = { readonly other: One } & {
  readonly [Category in Exclude<Intl.LDMLPluralRule, 'other'>]?: One;
};

interface Direction {
  readonly dir: 'ltr' | 'rtl';
}

/** All sentences of one language. A text without one of its placeholders does not compile. */
export type Language = Direction & { readonly [Key in Sentence]: Text<(typeof SENTENCES)[Key]> } & {
  readonly [Key in Plural]: Forms<Text<(typeof PLURALS)[Key]>>;
};

/** The sentences that the seller replaces. */
export type OwnWords = { readonly [Key in Sentence]?: string } & {
  readonly [Key in Plural]?: Forms<string>;
};

/** The sentences of a mail, and the tag of its language without a private variant. */
export type Words = Direction & { readonly [Key in Sentence]: string } & {
  readonly [Key in Plural]: Forms<string>;
} & { readonly tag: string; readonly lang: string };

export type Values = Readonly<Record<string, string>>;

/** Replaces each placeholder that has a value, once: a value that looks like a placeholder stays as it is. */
export const fill = (template: string, values: Values): string =>
  template.replace(PLACEHOLDER, (found, name) =>
    Object.hasOwn(values, name) ? (values[name] ?? '') : found,
  );
export const PLACEHOLDER = /\{(\w+)\}/g;

/** Returns the form for the number, in which `{count}` is the number as the language writes it. */
export function plural(words: Words, key: Plural, count: number): string {
  const forms = words[key];
  const form = forms[rulesOf(words.lang).select(count)] ?? forms.other;
  if (!form.includes('{count}')) return form;
  // The first use of `Intl.NumberFormat` takes 15 ms of CPU.
  return fill(form, { count: count < 1_000 ? `${count}` : new Intl.NumberFormat(words.lang).format(count) });
}

/** Kept, because creating them takes longer than all other work on a mail. */
const rules = new Map<string, Intl.PluralRules>();
function rulesOf(lang: string): Intl.PluralRules {
  const kept = rules.get(lang) ?? new Intl.PluralRules(lang);
  rules.set(lang, kept);
  return kept;
}
