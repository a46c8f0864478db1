// The languages that the pages speak, and how a text takes its parameters.

export const LANGUAGES = { en: "English", "zh-CN": "简体中文", "zh-TW": "繁體中文" };

/** The language of ours that suits a language tag, null when none does. */
export function matchLanguage(tag) {
  if (/^zh\b/i.test(tag)) return /hant|tw|hk|mo/i.test(tag) ? "zh-TW" : "zh-CN";
  return /^en\b/i.test(tag) ? "en" : null;
}

/** The text with each {name} replaced by the parameter of that name. */
export function fill(text, parameters) {
  // Most texts have none, and a live page asks for thousands of them.
  return !text.includes("{") ? text : text.replace(/\{(\w+)\}/g, (whole, name) => parameters[name] ?? whole);
}

export async function loadTexts(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`language file ${address}: ${response.status}`);
  return response.json();
}
