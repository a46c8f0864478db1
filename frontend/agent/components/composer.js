// Where an agent writes: to the customer, with canned replies behind "/", pictures and files, or a note for colleagues.
import { label, language, t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { Attach, dropping, UploadList } from "../../lib/files.js";
import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { fileWords, useUploads } from "../attachments.js";
import { customerLanguage, filled, repliesFor, textIn } from "../guidance.js";
import { ownRepliesFor } from "../own-replies.js";
import { NoteForm } from "./note.js";
import { OwnReplies } from "./own-replies.js";
import { usePicker } from "./picker.js";

const TEXT_LIMIT = 4000;
const DRAFT = "jackfield.compose.";

export function Composer({ work, open, front, desk, state }) {
  const { reservation_id: id, assignment } = work;
  const [text, change] = useDraft(id);
  const field = useRef(null);
  useEffect(() => void (front && open && idle() && field.current.focus({ preventScroll: true })), [front, open]);
  useEffect(() => grow(field.current), [text, front]);
  const picker = usePicker({ id: `replies-${id}`, field, sign: "/", find: (word) => replies(word, assignment, state), change });
  const [noting, setNoting] = useState(false);
  const [keeping, setKeeping] = useState(false);
  const { uploads, list, limits } = useUploads(work);
  const [over, setOver] = useState(false);
  const attach = (files) => open && limits.types.length && uploads.add(files);
  const pasted = (event) => {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    attach(files);
  };
  const send = () => {
    if (!text.trim() || !open) return;
    desk.chats.say(id, text.trim());
    picker.close();
    change("");
    field.current.focus();
  };
  const key = (event) => {
    if (picker.key(event)) return;
    // An input method takes Enter for itself: there it ends a word, not the message.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  };
  const input = ({ target }) => {
    change(target.value);
    picker.follow();
    desk.chats.typing(id, Boolean(target.value.trim()));
  };
  return html`
    <${UploadList} list=${list} uploads=${uploads} words=${fileWords(limits)} />
    ${keeping && html`<${OwnReplies} store=${desk.store} items=${state.ownReplies} text=${text} close=${() => (setKeeping(false), requestAnimationFrame(() => field.current?.focus()))} />`}
    ${noting && html`<${NoteForm} id=${id} interaction=${assignment.interaction_id} close=${() => (setNoting(false), requestAnimationFrame(() => field.current?.focus()))} />`}
    <form class=${`composer ${over ? "over" : ""}`} hidden=${noting} ...${dropping(attach, setOver)} onSubmit=${(event) => (event.preventDefault(), send())}>
      ${picker.list(t("reply.list"))}
      <label class="unseen" for=${`compose-${id}`}>${t("chat.write")}</label>
      <textarea id=${`compose-${id}`} ref=${field} rows="1" maxlength=${TEXT_LIMIT} value=${text} placeholder=${t("chat.write_hint")} disabled=${!open}
        ...${picker.attributes} onInput=${input} onKeyDown=${key} onKeyUp=${(event) => /Left|Right|Home|End/.test(event.key) && picker.follow()} onBlur=${picker.close} onPaste=${pasted}></textarea>
      ${limits.types.length > 0 && html`<${Attach} accept=${limits.types} disabled=${!open} name=${t("file.attach")} onFiles=${attach}><${Icon} name="clip" /></${Attach}>`}
      <button type="button" class="attach" data-key="KeyI" aria-keyshortcuts="Alt+I" aria-label=${t("note.write")} title=${`${t("note.write")} (Alt I)`} onClick=${() => setNoting(true)}><${Icon} name="note" /></button>
      <button type="button" class="attach" data-key="KeyL" aria-keyshortcuts="Alt+L" aria-label=${t("own_replies.heading")} title=${`${t("own_replies.heading")} (Alt L)`} onClick=${() => setKeeping(true)}><${Icon} name="star" /></button>
      <button class="button primary" disabled=${!open || !text.trim()}><${Icon} name="send" /><span>${t("chat.send")}</span></button>
    </form>
  `;
}

/** What is written and not yet sent, kept over a reload until the chat is done with. */
function useDraft(id) {
  const [text, setText] = useState(() => sessionStorage.getItem(DRAFT + id) ?? "");
  useEffect(() => () => sessionStorage.removeItem(DRAFT + id), [id]);
  const change = (value) => {
    setText(value);
    sessionStorage.setItem(DRAFT + id, value);
  };
  return [text, change];
}

function replies(word, card, { guidance, agent, ownReplies }) {
  const tag = customerLanguage(card) || language();
  const own = ownRepliesFor(ownReplies, word).map(({ name, title, text }) => {
    const said = filled(text, { card, agent, site: guidance.site, tag });
    return { id: name, title, text: said, hint: said };
  });
  return [...own, ...ofSite(word, card, { guidance, agent }).filter(({ id }) => !own.some((one) => one.id === id))];
}

function ofSite(word, card, { guidance, agent }) {
  return repliesFor(guidance, card.queue, word).map(({ name, titles, texts }) => {
    const { tag, text } = textIn(texts, customerLanguage(card), language());
    const said = filled(text, { card, agent, site: guidance.site, tag });
    return { id: name, title: label(titles), text: said, hint: said };
  });
}

/** Nobody is writing or choosing something: the focus may be moved. */
function idle() {
  const { activeElement: at } = document;
  return !at || at === document.body || at.matches("main, [role=tab], .offer button, .idle button");
}

/** As high as its text, up to what the style sheet allows. */
function grow(field) {
  field.style.height = "auto";
  if (field.scrollHeight) field.style.height = `${field.scrollHeight + 2}px`;
}
