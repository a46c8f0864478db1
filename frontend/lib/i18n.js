// Texts of the staff's pages in the reader's language. English is loaded as well and fills in for a text that is missing.
import { fill, LANGUAGES, loadTexts, matchLanguage } from "./languages.js";

export { LANGUAGES };
const STORED = "jackfield.language";

let texts = {};
let fallback = {};
let current = "en";
let order = new Intl.Collator("en", { numeric: true });

export const language = () => current;

/** The order of two names as readers of this language look for them, "Line 2" before "Line 10". */
export const inOrderOfNames = (a, b) => order.compare(a, b);

/** The text of `key` with each {name} replaced by the parameter of that name. */
export function t(key, parameters = {}) {
  return fill(texts[key] ?? fallback[key] ?? key, parameters);
}

/** The text for a code that the server or the site gives, under `group`; `otherwise` for one that is not known here. */
export function tCode(group, code, otherwise = code) {
  const key = `${group}.${code}`;
  return texts[key] ?? fallback[key] ?? otherwise;
}

/** A label of the server (language -> text) in the reader's language, or the best there is. */
export function label(byLanguage) {
  const [first] = Object.values(byLanguage ?? {});
  return byLanguage?.[current] ?? byLanguage?.en ?? first ?? "";
}

export async function chooseLanguage(wanted) {
  const next = wanted in LANGUAGES ? wanted : "en";
  const [chosen, english] = await Promise.all([load(next), load("en")]);
  order = new Intl.Collator(next, { numeric: true });
  current = next; // with its texts at once: a row that is drawn meanwhile keeps what it said until the language changes
  texts = chosen;
  fallback = english;
  document.documentElement.lang = current;
  localStorage.setItem(STORED, current);
}

/** What the reader chose before, else the first of the browser's languages that we speak. */
export function preferredLanguage() {
  const stored = localStorage.getItem(STORED);
  if (stored in LANGUAGES) return stored;
  return navigator.languages.map(matchLanguage).find(Boolean) ?? "en";
}

const load = (name) => loadTexts(new URL(`../i18n/${name}.json`, import.meta.url));
