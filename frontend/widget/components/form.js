import { html, useState } from "../../lib/ui.js";
import { t, tCode } from "../texts.js";
import { Glyph } from "./glyphs.js";

const NAME_LIMIT = 80;
const TEXT_LIMIT = 4000;

/** Who asks, and what. It stays while the chat is being opened, so that nothing is lost when that fails. */
export function Form({ session, state, settings, memory, call }) {
  const before = memory.chat?.opening;
  const [name, setName] = useState(before?.name ?? settings.name ?? "");
  const [question, setQuestion] = useState(before?.question ?? "");
  const busy = state.phase === "opening";
  const submit = (event) => {
    event.preventDefault();
    if (question.trim() && !busy) session.open(name.trim(), question.trim());
  };
  return html`
    <form class="body form" onSubmit=${submit}>
      <p class="welcome">${t("form.welcome")}</p>
      <label>${t("form.name")}<input data-first name="name" autocomplete="name" maxlength=${NAME_LIMIT} value=${name} disabled=${busy} onInput=${({ target }) => setName(target.value)} /></label>
      <label class="grows">${t("form.question")}<textarea name="question" rows="4" required maxlength=${TEXT_LIMIT} value=${question} disabled=${busy} onInput=${({ target }) => setQuestion(target.value)}></textarea></label>
      <p class="problem" role="alert">${state.problem && tCode("problem", state.problem, "problem.other")}${busy && state.link === "lost" && t("link.lost")}</p>
      <button class="primary" disabled=${busy || !question.trim()} aria-busy=${busy}>${t(busy ? "form.opening" : "form.start")}</button>
      ${call && html`
        <p class="or"><span>${t("form.or")}</span></p>
        <button type="button" class="second" onClick=${call}><${Glyph} name="phone" />${t("form.call")}</button>`}
    </form>
  `;
}
