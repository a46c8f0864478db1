import { html, useState } from "../../lib/ui.js";
import { moment, t, tCode } from "../texts.js";
import { Glyph } from "./glyphs.js";

const NAME_LIMIT = 80;
const CONTACT_LIMIT = 64;
const TEXT_LIMIT = 4000;

/** Nobody takes chats now: when they do again, and, where the site wants it, a message in the meantime. */
export function Closed({ session, hours, settings, call }) {
  const [sent, setSent] = useState(false);
  const { holiday, opens_at_us: opens } = hours;
  return html`
    <div class="body form closed">
      <div class="where ended" role="status"><i class="beacon" aria-hidden="true"></i>
        <p><b>${t(holiday ? "closed.holiday" : "closed.now", { holiday: holiday ?? "" })}</b>${opens && html`<span>${t("closed.opens", { when: moment(opens) })}</span>`}</p></div>
      ${sent
        ? html`<p class="welcome" role="status">${t("closed.thanks")}</p><button type="button" class="second" data-first onClick=${() => setSent(false)}>${t("closed.another")}</button>`
        : hours.leave_message && html`<${Message} session=${session} settings=${settings} done=${() => setSent(true)} />`}
      ${call && html`
        <p class="or"><span>${t("form.or")}</span></p>
        <button type="button" class="second" onClick=${call}><${Glyph} name="phone" />${t("form.call")}</button>`}
    </div>
  `;
}

function Message({ session, settings, done }) {
  const [fields, setFields] = useState({ name: settings.name ?? "", contact: "", text: "" });
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const set = (key) => ({ target }) => setFields({ ...fields, [key]: target.value });
  const submit = async (event) => {
    event.preventDefault();
    if (busy || !fields.text.trim()) return;
    setBusy(true);
    const code = await session.leave(fields);
    setBusy(false);
    setProblem(code);
    if (!code) done();
  };
  return html`
    <form class="leave" onSubmit=${submit}>
      <p class="welcome">${t("closed.leave")}</p>
      <label>${t("form.name")}<input data-first name="name" autocomplete="name" maxlength=${NAME_LIMIT} value=${fields.name} onInput=${set("name")} /></label>
      <label>${t("closed.contact")}<input name="contact" required maxlength=${CONTACT_LIMIT} value=${fields.contact} onInput=${set("contact")} /></label>
      <label class="grows">${t("closed.text")}<textarea name="text" rows="4" required maxlength=${TEXT_LIMIT} value=${fields.text} onInput=${set("text")}></textarea></label>
      <p class="problem" role="alert">${problem && tCode("problem", problem, "problem.other")}</p>
      <button class="primary" disabled=${busy || !fields.text.trim() || !fields.contact.trim()} aria-busy=${busy}>${t(busy ? "closed.sending" : "closed.send")}</button>
    </form>
  `;
}
