// A page as a shop might have it. It embeds the widget as any other page would: by the script tag and its attributes.
import { LANGUAGES, matchLanguage } from "../lib/languages.js";
import { speak, t } from "../widget/texts.js";

const THEMES = ["auto", "light", "dark"];
const given = new URLSearchParams(location.search);
const widget = document.getElementById("contact");
const languages = document.getElementById("language");
const themes = document.getElementById("theme");

let language = [given.get("locale"), ...navigator.languages].filter(Boolean).map(matchLanguage).find(Boolean) ?? "en";
let theme = THEMES.includes(given.get("theme")) ? given.get("theme") : "auto";

function choices(select, entries, chosen) {
  select.replaceChildren(...entries.map(([value, text]) => new Option(text, value, false, value === chosen)));
}

async function show() {
  await speak(language);
  document.documentElement.lang = language;
  document.documentElement.dataset.theme = theme;
  document.title = t("shop.title");
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  languages.ariaLabel = t("shop.language");
  themes.ariaLabel = t("shop.theme");
  choices(languages, Object.entries(LANGUAGES), language);
  choices(themes, THEMES.map((name) => [name, t(`shop.theme_${name}`)]), theme);
  if (widget.dataset.locale !== language) widget.dataset.locale = language;
  if (widget.dataset.theme !== theme) widget.dataset.theme = theme;
}

languages.onchange = () => {
  language = languages.value;
  return show();
};
themes.onchange = () => {
  theme = themes.value;
  return show();
};
await show();
