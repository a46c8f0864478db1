// What a field lacks, in the page's language: a browser says it in its own.
import { t } from "./i18n.js";

const said = new Set(); // the fields whose message is ours

function messageOf({ type, min, max, validity }) {
  if (validity.valueMissing) return t(type === "radio" ? "valid.choose" : "valid.missing");
  if (validity.rangeUnderflow) return t("valid.least", { limit: min });
  if (validity.rangeOverflow) return t("valid.most", { limit: max });
  if (validity.badInput || validity.stepMismatch) return t("valid.number");
  return null;
}

function say({ target }) {
  if (target.validity.customError && !said.has(target)) return; // it says more than we know
  const message = messageOf(target);
  if (message === null && !said.delete(target)) return;
  target.setCustomValidity(message ?? "");
  if (message !== null) said.add(target);
}

/** Whatever is written next may be right, also in another field of a group. */
function forget() {
  for (const field of said) field.setCustomValidity("");
  said.clear();
}

/** From now on, for every field of the page. */
export function sayInOurWords() {
  addEventListener("invalid", say, true);
  addEventListener("input", forget, true);
}
