// The script of the queue beside the active item. Of Markdown it knows headings, lists, bold and code; the rest is text.
import { Icon } from "../../lib/icons.js";
import { LANGUAGES, language, t } from "../../lib/i18n.js";
import { html, useState } from "../../lib/ui.js";
import { customerLanguage, filled, textIn } from "../guidance.js";

const STORED = "jackfield.script";

export function Script({ card, guidance, agent }) {
  const texts = guidance.scripts[card?.queue];
  const [chosen, choose] = useState(null);
  const [open, setOpen] = useState(localStorage.getItem(STORED) !== "closed");
  if (!texts) return null;
  const { tag, text } = textIn(texts, chosen, customerLanguage(card), language());
  const tags = Object.keys(texts);
  const toggled = ({ target }) => {
    setOpen(target.open);
    localStorage.setItem(STORED, target.open ? "open" : "closed");
  };
  return html`
    <details class="script" open=${open} onToggle=${toggled}>
      <summary><${Icon} name="note" />${t("script.heading")}<${Icon} name="down" /></summary>
      ${tags.length > 1 && html`<p class="script-tags" role="group" aria-label=${t("script.language")}>${tags.map(
        (each) => html`<button type="button" class="link" lang=${each} aria-pressed=${each === tag} onClick=${() => choose(each)}>${LANGUAGES[each] ?? each}</button>`,
      )}</p>`}
      <div class="script-text" lang=${tag}>${blocks(filled(text, { card, agent, site: guidance.site, tag }))}</div>
    </details>
  `;
}

/** Lines -> headings, lists and paragraphs. */
function blocks(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const [, heading] = /^#{1,3} +(.+)$/.exec(line) ?? [];
    const [, step] = /^\d+[.)] +(.+)$/.exec(line) ?? [];
    const [, point] = /^[-*] +(.+)$/.exec(line) ?? [];
    const kind = heading ? "h" : step ? "ol" : point ? "ul" : line.trim() ? "p" : null;
    const last = found.at(-1);
    if (kind && kind !== "h" && last?.kind === kind) last.lines.push(step ?? point ?? line);
    else found.push({ kind, lines: [heading ?? step ?? point ?? line] });
  }
  return found.map(({ kind, lines }) => {
    if (kind === "h") return html`<h3>${spans(lines[0])}</h3>`;
    if (kind === "p") return html`<p>${spans(lines.join("\n"))}</p>`;
    return kind && html`<${kind}>${lines.map((line) => html`<li>${spans(line)}</li>`)}</${kind}>`;
  });
}

function spans(text) {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((part) => {
    if (/^\*\*.+\*\*$/.test(part)) return html`<strong>${part.slice(2, -2)}</strong>`;
    return /^`.+`$/.test(part) ? html`<code>${part.slice(1, -1)}</code>` : part;
  });
}
