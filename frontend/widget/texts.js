// The widget's texts; apart from those of the staff's pages, so that visitors load little.
import { fill, loadTexts, matchLanguage } from "../lib/languages.js";

let texts = {};
let current = "en";

export const locale = () => current;

/** The text of `key` with each {name} replaced by the parameter of that name. */
export const t = (key, parameters = {}) => fill(texts[key] ?? key, parameters);

/** The text for a code of the server under `group`; `otherwise` is the key for one that is not known here. */
export const tCode = (group, code, otherwise) => texts[`${group}.${code}`] ?? t(otherwise);

/** The first of these language tags that we speak, else English. */
export async function speak(...tags) {
  current = tags.filter(Boolean).map(matchLanguage).find(Boolean) ?? "en";
  texts = await loadTexts(new URL(`i18n/${current}.json`, import.meta.url));
}

/** 90 -> "2 minutes", in the visitor's language. */
export function minutes(seconds) {
  const whole = Math.max(1, Math.ceil(seconds / 60));
  return new Intl.NumberFormat(current, { style: "unit", unit: "minute", unitDisplay: "long" }).format(whole);
}

export const clock = (us) => new Intl.DateTimeFormat(current, { timeStyle: "short", hourCycle: "h23" }).format(us / 1000);

/** A day and a time in the visitor's own time zone, as people say it. */
export const moment = (us) => new Intl.DateTimeFormat(current, { weekday: "long", day: "numeric", month: "long", hour: "numeric", minute: "2-digit", hourCycle: "h23" }).format(us / 1000);
