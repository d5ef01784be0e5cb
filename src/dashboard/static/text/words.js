// The words of the page in the language of the reader. English stands in the modules; another language is
// a file in `languages` that has the words for each English text.

/** The language of the page, as the server chose it: en, de. */
export const { lang } = document.documentElement;

const FILE = new URL(`../languages/${lang}.json`, import.meta.url);

/** What is not translated, or cannot be loaded, stays English. */
const translated = lang === 'en' ? {} : await fetch(FILE).then((answer) => answer.json()).catch(() => ({}));

/** A text in the language of the page. `{name}` in it stands for a value.
 * @param {string} english @param {Record<string, unknown>} [values] */
export function t(english, values = {}) {
  const text = translated[english] ?? english;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
