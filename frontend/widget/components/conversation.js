import { html, useEffect, useLayoutEffect, useRef, useState } from "../../lib/ui.js";
import { Attach, dropping, FileLine, UploadList } from "../../lib/files.js";
import { sizeText } from "../../lib/upload.js";
import { clock, locale, minutes, t, tCode } from "../texts.js";
import { Glyph } from "./glyphs.js";
import { Rating } from "./rating.js";

const TEXT_LIMIT = 4000;
const NEAR_END_PX = 60;
const SURE_MS = 4000;

export function Conversation({ session, state, open }) {
  const { status, phase, link } = state;
  const over = phase === "ended";
  return html`
    <div class="body talk">
      <${Where} status=${status} />
      ${status.emergency && html`<p class="emergency" role="alert">${status.emergency}</p>`}
      ${link === "lost" && html`<p class="link-lost" role="status">${t("link.lost")}</p>`}
      ${link === "replaced" && html`<p class="link-lost" role="status">${t("link.replaced")} <button type="button" class="plain link" onClick=${() => session.takeBack()}>${t("link.here")}</button></p>`}
      <${Log} state=${state} open=${open} session=${session} />
      ${over ? html`<${Rating} session=${session} status=${status} />` : html`<${Composer} session=${session} state=${state} open=${open} />`}
    </div>
  `;
}

/** Place and wait, or who is there: read out when it changes. */
function Where({ status }) {
  const { state, place, expected_wait_s: wait, agent, diverted, handed_on, parked } = status;
  let first = t(handed_on ? "where.handed_on" : "where.waiting");
  let second = null;
  if (state === "waiting") {
    if (place && !handed_on) first = t(place === 1 ? "where.next" : "where.place", { place });
    if (wait !== null && wait !== undefined) second = wait < 60 ? t("where.soon") : t("where.wait", { wait: minutes(wait) });
  } else if (state === "talking") {
    first = t(parked ? "where.parked" : "where.talking", { agent });
  } else {
    first = t("where.ended");
    if (diverted) second = t("where.diverted");
  }
  return html`
    <div class=${`where ${state}`} role="status">
      <i class="beacon" aria-hidden="true"></i>
      <p><b><bdi>${first}</bdi></b>${second && html`<span>${second}</span>`}</p>
    </div>
  `;
}

function Log({ state, open, session }) {
  const { lines, outbox, status } = state;
  const list = useRef(null);
  const pinned = useRef(true);
  useLayoutEffect(() => {
    if (pinned.current) list.current.scrollTop = list.current.scrollHeight;
  }, [lines, outbox, status.typing, status.state, open]);
  useEffect(() => {
    const box = list.current; // a last observation may come after the chat was put away
    const observer = new ResizeObserver(() => pinned.current && (box.scrollTop = box.scrollHeight));
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  const scrolled = ({ target }) => (pinned.current = target.scrollHeight - target.scrollTop - target.clientHeight < NEAR_END_PX);
  const own = lines.findLast(({ author }) => author === "customer")?.number;
  return html`
    <div class="log" ref=${list} role="log" aria-label=${t("talk.log")} tabindex="0" onScroll=${scrolled}>
      ${lines.map((line, index) => html`<${Line} key=${line.number} line=${line} session=${session} before=${lines[index - 1]} mark=${line.number === own && markOf(line, status)} />`)}
      ${outbox.map(({ client_id, text, failed }) => html`
        <div key=${client_id} class=${`line customer unsent ${failed ? "failed" : ""}`}>
          <p class="said"><bdi>${text}</bdi></p>
          <p class="when">${failed ? tCode("problem", failed, "talk.not_sent") : t("talk.sending")}
            ${failed && failed !== "chat_over" && html` <button type="button" class="plain link" onClick=${() => session.again(client_id)}>${t("talk.again")}</button>`}</p>
        </div>`)}
      ${status.typing && html`<p class="line agent"><span class="said dots" role="status"><i></i><i></i><i></i><span class="unseen">${t("talk.typing", { agent: status.agent })}</span></span></p>`}
    </div>
  `;
}

function Line({ line, session, before, mark }) {
  const { author, name, text, at_us, file } = line;
  const named = author === "agent" && before?.author !== "agent";
  return html`
    <div class=${`line ${author}`}>
      ${named && html`<p class="who"><bdi>${name}</bdi></p>`}
      <p class="said">${file ? html`<${FileLine} file=${file} source=${session.source(file.id)} words=${words()} />` : html`<bdi>${text}</bdi>`}</p>
      <p class="when">${clock(at_us)}${mark && html`<span> · ${t(`mark.${mark}`)}</span>`}</p>
    </div>
  `;
}

function markOf({ number }, { delivered, read }) {
  if (number <= (read ?? 0)) return "read";
  return number <= (delivered ?? 0) ? "delivered" : "sent";
}

/** The texts of files; `limits` are those of this chat. */
function words(limits) {
  return {
    list: t("file.list"),
    gone: t("file.gone"),
    save: (name) => t("file.save", { name }),
    size: (bytes) => sizeText(bytes, locale()),
    progress: (name) => t("file.progress", { name }),
    problem: (code) => (code === "file_too_big" && limits ? t("file.too_big", { most: sizeText(limits.max_bytes, locale()) }) : tCode("problem", code, "talk.not_sent")),
    again: t("talk.again"),
    discard: t("file.discard"),
    cancel: t("file.cancel"),
  };
}

function Composer({ session, state, open }) {
  const { files, uploads } = state;
  const [over, setOver] = useState(false);
  const attach = (list) => files && session.uploads.add(list);
  const [text, setText] = useState("");
  const [sure, setSure] = useState(false);
  const field = useRef(null);
  useEffect(() => void (open && field.current.focus({ preventScroll: true })), [open]);
  useEffect(() => {
    field.current.style.height = "auto";
    if (field.current.scrollHeight) field.current.style.height = `${field.current.scrollHeight + 2}px`;
  }, [text, open]);
  useEffect(() => {
    const timer = sure && setTimeout(() => setSure(false), SURE_MS);
    return () => clearTimeout(timer);
  }, [sure]);
  const send = () => {
    if (!text.trim()) return;
    session.say(text.trim());
    setText("");
    field.current.focus();
  };
  const key = (event) => {
    // An input method takes Enter for itself: there it ends a word, not the message.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  };
  const pasted = (event) => {
    const found = [...event.clipboardData.files];
    if (!found.length || !files) return;
    event.preventDefault();
    attach(found);
  };
  const input = ({ target }) => {
    setText(target.value);
    session.typing(Boolean(target.value.trim()));
  };
  return html`
    <${UploadList} list=${uploads} uploads=${session.uploads} words=${words(files)} />
    <form class=${`composer ${over ? "over" : ""} ${files ? "with-files" : ""}`} ...${files ? dropping(attach, setOver) : {}} onSubmit=${(event) => (event.preventDefault(), send())}>
      ${files && html`<${Attach} accept=${files.types} name=${t("file.attach")} onFiles=${attach}><${Glyph} name="clip" /></${Attach}>`}
      <textarea data-first ref=${field} rows="1" onPaste=${pasted} maxlength=${TEXT_LIMIT} aria-label=${t("talk.write")} placeholder=${t("talk.write")} value=${text} onInput=${input} onKeyDown=${key}></textarea>
      <button class="primary round" aria-label=${t("talk.send")} title=${t("talk.send")} disabled=${!text.trim()}><${Glyph} name="send" /></button>
      <button type="button" class=${`plain end ${sure ? "sure" : ""}`} onClick=${() => (sure ? session.end() : setSure(true))}>${t(sure ? "talk.end_sure" : "talk.end")}</button>
    </form>
  `;
}
