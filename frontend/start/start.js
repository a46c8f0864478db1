// Where to go: one card for each page.
import { chooseLanguage, language, preferredLanguage, t } from "../lib/i18n.js";
import { Icon, Mark } from "../lib/icons.js";
import { LanguageSwitch } from "../lib/language.js";
import { html, render, useState } from "../lib/ui.js";

const PAGES = [
  ["agent", "headset"],
  ["supervisor", "board"],
  ["visitor", "chat"],
];

function Start() {
  const [, setLanguage] = useState(language());
  const onLanguage = async (wanted) => {
    await chooseLanguage(wanted);
    setLanguage(wanted);
  };
  return html`
    <main class="start">
      <header><h1 class="brand"><${Mark} /> Jackfield</h1><${LanguageSwitch} onLanguage=${onLanguage} /></header>
      <nav>
        ${PAGES.map(([name, icon]) => html`
          <a class="card" key=${name} href=${`${name}/`}><${Icon} name=${icon} /><h2>${t(`start.${name}`)}</h2><p>${t(`start.${name}_text`)}</p></a>`)}
      </nav>
    </main>
  `;
}

await chooseLanguage(preferredLanguage());
render(html`<${Start} />`, document.getElementById("app"));
