import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { t } from "../texts.js";
import { Glyph } from "./glyphs.js";

const SCORES = [1, 2, 3, 4, 5];

/** Opens by itself when the chat is over and may be rated. */
export function Rating({ session, status }) {
  const [chosen, setChosen] = useState(null);
  const [over, setOver] = useState(0);
  const asked = useRef(null);
  useEffect(() => void (status.may_rate && asked.current.focus({ preventScroll: true })), [status.may_rate]);
  const given = status.rating ?? chosen;
  const rate = (score) => {
    setChosen(score);
    session.rate(score);
  };
  const shown = over || given || 0;
  return html`
    <div class="rating">
      ${status.may_rate || given
        ? html`
          <p id="rating-question" ref=${asked} tabindex="-1">${given ? t("rating.thanks") : t("rating.question")}</p>
          <div class="stars" role="group" aria-labelledby="rating-question" onMouseLeave=${() => setOver(0)}>
            ${SCORES.map((score) => html`
              <button key=${score} type="button" class=${`plain ${score <= shown ? "lit" : ""}`} aria-pressed=${score === given} disabled=${Boolean(given)}
                aria-label=${t("rating.score", { score })} title=${t("rating.score", { score })} onMouseEnter=${() => setOver(score)} onClick=${() => rate(score)}><${Glyph} name="star" /></button>`)}
          </div>`
        : html`<p role="status">${t("rating.none")}</p>`}
      <button type="button" class="second" onClick=${() => session.restart()}>${t("talk.new")}</button>
    </div>
  `;
}
