/** Chooses the language of a mail and loads it: each is a separate file that loads when its first mail is sent. */
import type { Buyer } from '../inbound/event.ts';
import type { Language, OwnWords, Words } from './sentences.ts';

const english = async () => (await import('./languages/en.ts')).en;

/** A new language is a file and its line here. */
const LANGUAGES: Readonly<Record<string, () => Promise<Language>>> = {
  en: english,
  de: async () => (await import('./languages/de.ts')).de,
  'de-x-du': async () => (await import('./languages/de-x-du.ts')).deDu,
  fr: async () => (await import('./languages/fr.ts')).fr,
  es: async () => (await import('./languages/es.ts')).es,
  it: async () => (await import('./languages/it.ts')).it,
  ja: async () => (await import('./languages/ja.ts')).ja,
};
export const TAGS: readonly string[] = Object.keys(LANGUAGES);

/** The seller's part of the catalogue that decides about languages. */
interface Seller {
  readonly locale: string;
  readonly words?: Readonly<Record<string, OwnWords>> | undefined;
}

/**
 * The buyer's locale selects the language, else the language of the buyer's country, else the seller's locale. A variant
 * such as `de-x-du` is the seller's way to write a language, so every buyer who reads that language gets it.
 */
export function languageOf({ locale: own }: Seller, { locale, country }: Buyer): string {
  const found = find(locale) ?? find(languageIn(country)) ?? ownTag(own);
  return base(found) === base(ownTag(own)) ? ownTag(own) : found;
}

const ownTag = (locale: string): string => find(locale) ?? 'en';
const base = (tag: string): string => tag.replace(/-.*/, '');

/** Finds the language of a BCP 47 tag by removing subtags from its end (RFC 4647, 3.4). Some stores write `de_DE`. */
function find(locale = ''): string | undefined {
  const parts = locale.trim().toLowerCase().split(/[-_]/);
  const prefixes = parts.map((_, n) => parts.slice(0, parts.length - n).join('-'));
  return prefixes.find((prefix) => TAGS.includes(prefix));
}

/**
 * The countries of each language by CLDR's likely subtags, without those in which several languages are official, so that
 * none of them is the buyer's: https://cldr.unicode.org/index/cldr-spec/transmitting-likely-subtags. `Intl.Locale` has
 * them too, but its first use takes 13 ms of CPU.
 */
export const COUNTRIES: Readonly<Record<string, string>> = {
  de: 'AT DE LI',
  en: `AC AG AI AQ AU BB BM BS BW BZ CK CP CQ CX DG DM FJ FK FM GB GD GG GI GM GS GU GY HM IE IM IO JE JM KI KN KY LC LR
    MH MP MS MW NF NG NR NU NZ PN SB SG SH SL SX SZ TA TC TT UK UM US VC VG VI ZA ZM`,
  es: 'AR BO CL CO CR CU DO EA EC ES GQ GT HN IC MX NI PA PE PR SV UY VE',
  fr: 'BF BJ BL CD CG CI DJ FR GA GF GN GP MC MF MQ MU NC PF PM RE SC TF TG WF YT',
  it: 'IT SM VA',
  ja: 'JP',
};
const languageIn = (country = ''): string | undefined =>
  Object.keys(COUNTRIES).find((tag) => COUNTRIES[tag]?.split(/\s+/).includes(country.toUpperCase()));

/** Cached, because each `import()` calls Node's loader. */
const loaded = new Map<string, Promise<Language>>();

/** Returns the sentences of a language, with those that the seller has replaced. */
export async function loadWords({ words }: Seller, tag: string): Promise<Words> {
  const language = loaded.get(tag) ?? (LANGUAGES[tag] ?? english)();
  loaded.set(tag, language);
  return { ...(await language), ...words?.[tag], tag, lang: base(tag) };
}

/** A text of the seller: one for all languages, or one for each of some. */
export type Localized = string | Readonly<Record<string, string>>;

/** Returns the text in the language, else in the seller's language, else the first one. */
export function textIn(text: Localized | undefined, tag: string, { locale }: Seller): string | undefined {
  if (typeof text !== 'object') return text;
  const own = ownTag(locale);
  const found = [tag, base(tag), own, base(own)].find((one) => Object.hasOwn(text, one));
  return found === undefined ? Object.values(text)[0] : text[found];
}
