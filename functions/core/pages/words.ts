/** The languages of the pages. A language is loaded when it is first needed. */
import type { Catalogue } from '../catalogue/catalogue.ts';
import { loadWords } from '../mail/language.ts';
import type { Words as MailWords } from '../mail/sentences.ts';
import { en } from './words/en.ts';

/** The sentences of the pages alone. */
export type Words = Readonly<Record<keyof typeof en, string>>;
/** With the words that the mails have too. */
export type AllWords = Omit<MailWords, keyof Words> & Words;

const OTHERS: Readonly<Record<string, () => Promise<Words>>> = {
  de: async () => (await import('./words/de.ts')).de,
  es: async () => (await import('./words/es.ts')).es,
  fr: async () => (await import('./words/fr.ts')).fr,
  it: async () => (await import('./words/it.ts')).it,
  ja: async () => (await import('./words/ja.ts')).ja,
};

export const wordsIn = async (seller: Catalogue['seller'], language: string): Promise<AllWords> => ({
  ...(await loadWords(seller, language)),
  ...((await OTHERS[language]?.()) ?? en),
});

/** Returns the language that the reader prefers among ours: RFC 9110, 12.5.4. */
export function chooseLanguage(accepted = ''): string {
  const ranked = accepted.split(',').flatMap((part) => {
    const [tag = '', ...options] = part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    const weight = Number(options.find((one) => one.startsWith('q='))?.slice(2) ?? 1);
    const language = tag.split('-')[0] ?? '';
    return weight > 0 && (language === 'en' || Object.hasOwn(OTHERS, language)) ? [{ language, weight }] : [];
  });
  return ranked.sort((one, other) => other.weight - one.weight)[0]?.language ?? 'en';
}
