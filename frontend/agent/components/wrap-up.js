import { Action } from "../../lib/controls.js";
import { label, t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { duration, serverNow, useNow } from "../../lib/time.js";
import { html, useEffect, useMemo, useState } from "../../lib/ui.js";
import { Caller, endedBy } from "./parts.js";

const NOTE_LIMIT = 4000;
// What was typed is sent just before the server closes wrap-up, so that no note is lost to the clock.
const SEND_BEFORE_MS = 1200;
const MORE_S = 60;

/** `within` a chat, what was said and with whom is above it already. */
export function WrapUp({ work, desk, state, within = false }) {
  const { wrapUp, assignment } = work;
  const id = wrapUp.reservation_id;
  const [draft, setDraft] = useDraft(id);
  const started = useMemo(serverNow, [id]);
  const deadline = wrapUp.deadline_us / 1000;
  const more = Math.min(MORE_S, wrapUp.extend_s ?? 0);
  const left = Math.max(0, deadline - useNow(250));
  const finish = () => desk.finishWrapUp(id, draft.disposition, draft.note);
  const due = left <= SEND_BEFORE_MS && Boolean(draft.disposition || draft.note.trim());
  useEffect(() => void (due && finish()), [due]);
  const missing = wrapUp.required && !draft.disposition;
  const choices = wrapUp.dispositions?.length ? wrapUp.dispositions : (state.dispositions[assignment?.queue] ?? []);
  return html`
    <article class=${`${within ? "" : "card"} wrap-up`} aria-labelledby=${`wrap-${id}`}>
      <header class="card-head">
        <h2 id=${`wrap-${id}`} class="eyebrow"><${Icon} name="note" />${t("wrap_up.heading")}</h2>
        <p class=${`timer ${left < 10000 ? "late" : ""}`} role="timer" aria-label=${t("wrap_up.time_left")}><span class="figures">${duration(left + 999)}</span></p>
      </header>
      <progress class=${left < 10000 ? "late" : ""} max="1" value=${Math.min(1, left / Math.max(1, deadline - started))} aria-hidden="true"></progress>
      ${assignment && !within && html`<${Caller} card=${assignment} level="h3" />`}
      ${assignment?.by && html`<p class="quiet-text">${endedBy(assignment)}</p>`}
      <fieldset class="dispositions">
        <legend>${t("wrap_up.disposition")}</legend>
        ${choices.map((choice) => html`
          <label key=${choice.id}>
            <input type="radio" name=${`disposition-${id}`} value=${choice.id} checked=${draft.disposition === choice.id} onChange=${() => setDraft({ ...draft, disposition: choice.id })} />
            <span>${label(choice.label)}</span>
          </label>`)}
      </fieldset>
      <label class="note">${t("wrap_up.note")}
        <textarea rows=${within ? 2 : 4} maxlength=${NOTE_LIMIT} value=${draft.note} placeholder=${t("wrap_up.note_hint")} onInput=${(event) => setDraft({ ...draft, note: event.target.value })}></textarea>
      </label>
      <footer class="actions">
        <${Action} class="button primary large" shortcut="KeyF" disabled=${Boolean(missing)} act=${finish}><${Icon} name="check" />${t("wrap_up.finish")}</${Action}>
        ${more > 0 && html`<${Action} class="button" act=${() => desk.extendWrapUp(id, more)}><${Icon} name="clock" />${t("wrap_up.more", { seconds: more })}</${Action}>`}
        <p class="quiet-text">${t(missing ? "wrap_up.required" : "wrap_up.kept")}</p>
      </footer>
    </article>
  `;
}

/** What was typed, kept over a reload of the page until wrap-up is over. */
function useDraft(id) {
  const stored = `jackfield.draft.${id}`;
  const [draft, setDraft] = useState(() => JSON.parse(sessionStorage.getItem(stored)) ?? { disposition: null, note: "" });
  useEffect(() => () => sessionStorage.removeItem(stored), [stored]);
  const change = (value) => {
    sessionStorage.setItem(stored, JSON.stringify(value));
    setDraft(value);
  };
  return [draft, change];
}
