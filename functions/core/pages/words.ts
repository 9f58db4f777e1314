/** The languages of the pages. A language is loaded when it is first needed. */
import { en } from './words/en.ts';

export type Words = Readonly<Record<keyof typeof en, string>>;

const OTHERS: Readonly<Record<string, () => Promise<Words>>> = {
  de: async () => (await import('./words/de.ts')).de,
  es: async () => (await import('./words/es.ts')).es,
  fr: async () => (await import('./words/fr.ts')).fr,
  it: async () => (await import('./words/it.ts')).it,
  ja: async () => (await import('./words/ja.ts')).ja,
};

export const wordsIn = async (language: string): Promise<Words> => (await OTHERS[language]?.()) ?? en;

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

/** Replaces `{name}` by the value of that name. */
export const fill = (sentence: string, values: Readonly<Record<string, string>>): string =>
  sentence.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
