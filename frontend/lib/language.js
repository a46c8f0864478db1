import { LANGUAGES, language, t } from "./i18n.js";
import { html } from "./ui.js";

export function LanguageSwitch({ onLanguage }) {
  return html`
    <select class="language" aria-label=${t("page.language")} value=${language()} onChange=${(event) => onLanguage(event.target.value)}>
      ${Object.entries(LANGUAGES).map(([tag, name]) => html`<option value=${tag} lang=${tag} selected=${tag === language()}>${name}</option>`)}
    </select>
  `;
}
