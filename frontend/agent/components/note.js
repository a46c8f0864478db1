// Internal notes on the page: where they are written, with colleagues behind "@", and those that name the agent.
import { useOnce } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { InfoSheet } from "../../lib/sheet.js";
import { dateTime } from "../../lib/time.js";
import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { storyOf } from "../customers.js";
import { colleagues, namedIn, seeMention, writeNote } from "../notes.js";
import { usePicker } from "./picker.js";
import { Lines } from "./transcript.js";

const DRAFT = "jackfield.note.";
const LIMIT = 4000;

export function NoteForm({ id, interaction, close }) {
  const [text, setText] = useState(() => sessionStorage.getItem(DRAFT + id) ?? "");
  const [agents, setAgents] = useState([]);
  const [problem, setProblem] = useState(null);
  const field = useRef(null);
  useEffect(() => {
    field.current.focus();
    colleagues().then(setAgents);
  }, []);
  const change = (value) => {
    setText(value);
    sessionStorage.setItem(DRAFT + id, value);
  };
  const find = (word) => {
    const wanted = word.toLowerCase();
    return agents.filter(({ agent_id, name }) => `${name} ${agent_id}`.toLowerCase().includes(wanted)).map(({ agent_id, name }) => ({ id: agent_id, title: name, text: `@${name} ` }));
  };
  const picker = usePicker({ id: `colleagues-${id}`, field, sign: "@", find, change });
  const keep = useOnce(async () => {
    if (!text.trim()) return;
    const wrong = await writeNote(interaction, text.trim(), namedIn(text, agents));
    setProblem(wrong);
    if (wrong) return;
    change("");
    close();
  });
  const key = (event) => {
    if (picker.key(event)) return;
    if (event.key === "Escape") return close();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    keep();
  };
  const input = ({ target }) => {
    change(target.value);
    picker.follow();
  };
  return html`
    <form class="composer note-form" onSubmit=${(event) => (event.preventDefault(), keep())}>
      ${picker.list(t("note.colleagues"))}
      <label class="note-label" for=${`note-${id}`}><${Icon} name="note" />${t("note.write")}</label>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <textarea id=${`note-${id}`} ref=${field} rows="2" maxlength=${LIMIT} value=${text} placeholder=${t("note.hint")} ...${picker.attributes} onInput=${input} onKeyDown=${key} onBlur=${picker.close}></textarea>
      <button type="button" class="button quiet" onClick=${close}>${t("sheet.cancel")}</button>
      <button class="button" disabled=${!text.trim()}>${t("note.keep")}</button>
    </form>
  `;
}

/** Notes that name the agent, until they have seen them. */
export function Mentions({ mentions, store }) {
  const [open, setOpen] = useState(null);
  return html`
    <div class="mentions" role="log" aria-live="polite" aria-label=${t("note.mentions")}>
      ${mentions.map((one) => html`
        <p class="banner mention" key=${one.id}>
          <span><${Icon} name="note" /><b>${t("note.names_you", { who: one.note.name })}</b> <bdi class="mention-text">${one.note.text}</bdi></span>
          <button type="button" class="button" onClick=${() => setOpen(one)}>${t("note.show")}</button>
          <button type="button" class="button quiet" onClick=${() => seeMention(store, one.id)}>${t("note.seen")}</button>
        </p>`)}
    </div>
    ${open && html`<${Told} mention=${open} close=${() => (setOpen(null), seeMention(store, open.id))} />`}
  `;
}

function Told({ mention, close }) {
  const [story, setStory] = useState(undefined);
  useEffect(() => void storyOf(mention.interaction_id).then(setStory), []);
  const lines = (story?.messages ?? []).map(({ at, ...rest }) => ({ ...rest, at_us: at }));
  return html`
    <${InfoSheet} heading=${t("note.names_you", { who: mention.note.name })} close=${close}>
      <p class="quiet-text">${dateTime(mention.note.at_us)}</p>
      <p class="note-text"><bdi>${mention.note.text}</bdi></p>
      ${story === undefined && html`<p class="quiet-text">${t("customer.loading")}</p>`}
      ${story === null && html`<p class="quiet-text">${t("customer.not_yours")}</p>`}
      ${lines.length > 0 && html`<div class="story-lines"><${Lines} lines=${lines} interaction=${mention.interaction_id} /></div>`}
    </${InfoSheet}>
  `;
}
