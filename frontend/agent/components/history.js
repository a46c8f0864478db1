import { label, t, tCode } from "../../lib/i18n.js";
import { html } from "../../lib/ui.js";
import { dateTime } from "../time.js";
import { Icon } from "./icons.js";

export function History({ of: card, dispositions }) {
  const past = card?.history ?? [];
  return html`
    <aside class="history" aria-labelledby="history-heading">
      <h2 id="history-heading">${t("history.heading")}</h2>
      ${past.length === 0 && html`<p class="empty"><${Icon} name="clock" />${t(card ? "history.none" : "history.nobody")}</p>`}
      <ol>${past.map((each) => html`<${Past} key=${each.interaction_id} past=${each} disposition=${title(dispositions, each.disposition)} />`)}</ol>
    </aside>
  `;
}

/** The site's words for a code, whichever queue it belongs to. */
function title(dispositions, code) {
  const known = Object.values(dispositions).flat().find(({ id }) => id === code);
  return known ? label(known.label) : code;
}

function Past({ past, disposition }) {
  return html`
    <li>
      <p class="past-when figures">${dateTime(past.at_us)}</p>
      <p class="past-what"><b><bdi>${past.queue ?? past.channel}</bdi></b>
        ${past.outcome && html`<span class="tag">${tCode("outcome", past.outcome)}</span>`}
        ${disposition && html`<span class="tag">${disposition}</span>`}
      </p>
      ${past.note && html`<p class="past-note"><bdi>${past.note}</bdi></p>`}
      <p class="quiet-text">${[past.channel, past.agent].filter(Boolean).join(" · ")}</p>
    </li>
  `;
}
