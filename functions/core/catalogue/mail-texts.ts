/** The seller's texts in mails: one for all languages or one for each, with placeholders that are checked. */
import * as z from 'zod/mini';
import { type Localized, TAGS } from '../mail/language.ts';
import { type OwnWords, PLURALS, SENTENCES } from '../mail/sentences.ts';

interface Rule {
  readonly pattern: RegExp;
  readonly expected: string;
  /** The placeholders that the text may contain; undefined if braces have no meaning in it. */
  readonly names?: readonly string[];
}

const names = ['name', 'serial', 'product', 'order'];
const PLAIN = {
  pattern: /^(?=\s*\S)(?:[^\p{Cc}]|[\t\r\n]){1,5000}$/u,
  expected: 'plain text, at most 5,000 characters',
};
const LINE = {
  pattern: /^(?!\s)[^\p{Cc}]{1,200}(?<!\s)$/u,
  expected: 'text in one line, at most 200 characters, no space around it',
};
/** Without the schemes that run code or read a file. */
const LINK = {
  pattern: /^(?!(?:javascript|data|vbscript|file|blob):)[a-z][a-z0-9+.-]*:[^\s<>"]{1,2000}$/i,
  expected: 'an address like https://example.com/help',
};
const SENTENCE = { pattern: /^(?=\s*\S)[^\p{Cc}]{1,1000}$/u, expected: 'a sentence in one line' };

export const subject = localized({ ...LINE, names });
export const instructions = localized({ ...PLAIN, names });
export const link = localized({ ...LINK, names });
export const legal = localized(PLAIN);

/** `{ de: { keep: '…' } }`: by language, the sentences that the seller replaces. */
export const ownWords = z.custom<Readonly<Record<string, OwnWords>>>().check(({ value, issues }) => {
  const check = checkerFor(issues);
  for (const [tag, sentences] of check.languages(value)) {
    for (const [key, text] of check.entries(sentences, [tag], 'sentences, like { keep: … }')) {
      const path = [tag, key];
      const one = Object.entries(SENTENCES).find(([name]) => name === key)?.[1];
      const several = Object.entries(PLURALS).find(([name]) => name === key)?.[1];
      if (one) check.text(text, { ...SENTENCE, names: one }, path);
      else if (!several) check.add(path, `found an unknown sentence; write one of ${KEYS.join(', ')}`);
      else
        for (const [form, words] of check.entries(text, path, "forms, like { one: '…', other: '…' }"))
          if (CATEGORIES.includes(form)) check.text(words, { ...SENTENCE, names: several }, [...path, form]);
          else check.add([...path, form], `found an unknown form; write one of ${CATEGORIES.join(', ')}`);
    }
  }
});
const KEYS = [...Object.keys(SENTENCES), ...Object.keys(PLURALS)];
const CATEGORIES = ['other', 'zero', 'one', 'two', 'few', 'many'];

function localized(rule: Rule) {
  return z.custom<Localized>().check(({ value, issues }) => {
    const check = checkerFor(issues);
    if (typeof value === 'string') check.text(value, rule, []);
    else for (const [tag, text] of check.languages(value)) check.text(text, rule, [tag]);
  });
}

type Issues = z.core.ParsePayload['issues'];

/** Reports each mistake with its path. */
function checkerFor(issues: Issues) {
  const add = (path: string[], message: string, input?: unknown) =>
    void issues.push({ code: 'custom', path, input, message });
  const entries = (value: unknown, path: string[], expected: string): [string, unknown][] => {
    if (typeof value === 'object' && value !== null && Object.keys(value).length > 0)
      return Object.entries(value);
    add(path, expected, value);
    return [];
  };
  return {
    add,
    entries,
    /** Returns the entries of known languages. */
    languages: (value: unknown) =>
      entries(value, [], 'a text, or texts by language like { en: …, de: … }').filter(([tag]) => {
        if (!TAGS.includes(tag)) add([tag], `found an unknown language; write one of ${TAGS.join(', ')}`);
        return TAGS.includes(tag);
      }),
    text(value: unknown, { pattern, expected, names }: Rule, path: string[]) {
      if (typeof value !== 'string' || !pattern.test(value)) return add(path, expected, value);
      const allowed = names?.map((name) => `{${name}}`);
      const found = allowed && value.match(BRACES)?.find((one) => !allowed.includes(one));
      if (found)
        add(path, `found ${found}, which is no placeholder; write ${allowed.join(', ') || 'no braces'}`);
    },
  };
}

/** `{{name}}` is one match, and so is a brace alone. */
const BRACES = /\{\{[^{}]*\}?\}?|\{[^{}]*\}|[{}]/g;
