// What was said, as text and nothing else: a customer's markup is shown, never obeyed.
import { t, tCode } from "../../lib/i18n.js";
import { FileLine } from "../../lib/files.js";
import { Icon } from "../../lib/icons.js";
import { dateTime, time } from "../../lib/time.js";
import { html, useEffect, useLayoutEffect, useRef } from "../../lib/ui.js";
import { fileWords, sourceOf } from "../attachments.js";
import { withNotes } from "../notes.js";

const PAUSE_US = 300_000_000; // after five minutes of silence the time stands between the messages
const NEAR_END_PX = 80;

export function Transcript({ chat, outbox, front, desk, id, interaction, notes }) {
  const list = useRef(null);
  const pinned = useRef(true);
  const count = chat.lines.length + outbox.length + (notes?.length ?? 0);
  useLayoutEffect(() => {
    if (pinned.current) list.current.scrollTop = list.current.scrollHeight;
  }, [count, front, chat.typing]);
  useEffect(() => keptAtEnd(list.current, pinned), []);
  const scrolled = ({ target }) => {
    pinned.current = target.scrollHeight - target.scrollTop - target.clientHeight < NEAR_END_PX;
  };
  return html`
    <div class="transcript" ref=${list} role="log" aria-live=${front ? "polite" : "off"} aria-label=${t("chat.transcript")} tabindex="0" onScroll=${scrolled}>
      <${Lines} lines=${withNotes(chat.lines, notes)} chat=${chat} interaction=${interaction} />
      ${outbox.map((entry) => html`<${Unsent} key=${entry.client_id} entry=${entry} id=${id} desk=${desk} />`)}
      ${chat.typing && html`<p class="bubble customer typing" role="status"><span class="dots" aria-hidden="true"><i></i><i></i><i></i></span><span class="unseen">${t("chat.types")}</span></p>`}
    </div>
  `;
}

/** Who reads the newest message goes on reading it when the room for it changes. */
export function keptAtEnd(list, pinned) {
  const observer = new ResizeObserver(() => pinned.current && (list.scrollTop = list.scrollHeight));
  observer.observe(list);
  return () => observer.disconnect();
}

/** The messages alone; `chat` says how far the customer is, `interaction` whose files they are. */
export function Lines({ lines, chat, interaction }) {
  const own = lines.findLast(({ author }) => author === "agent")?.number;
  return lines.map((line, index) => {
    const before = lines[index - 1];
    const pause = !before || line.at_us - before.at_us > PAUSE_US;
    return html`
      ${pause && html`<p class="pause figures" key=${`t${line.number}`}>${dateTime(line.at_us)}</p>`}
      <div key=${line.number} class=${`bubble ${line.author} ${!pause && before.author === line.author ? "again" : ""}`}>
        ${line.author === "internal" && html`<p class="note-label"><${Icon} name="note" />${t("note.by", { who: line.name })}</p>`}
        <p class="said">${line.file ? html`<${FileLine} file=${line.file} source=${sourceOf(interaction, line.file)} words=${fileWords()} />` : html`<bdi>${line.text}</bdi>`}</p>
        <p class="said-when figures">${time(line.at_us)}${chat && line.number === own && html`<span> · ${t(`chat.mark_${mark(line, chat)}`)}</span>`}</p>
      </div>
    `;
  });
}

function mark({ number }, { delivered, read }) {
  if (number <= read) return "read";
  return number <= delivered ? "delivered" : "sent";
}

function Unsent({ entry, id, desk }) {
  const { client_id, text, failed } = entry;
  return html`
    <div class=${`bubble agent unsent ${failed ? "failed" : ""}`}>
      <p class="said"><bdi>${text}</bdi></p>
      <p class="said-when">${failed ? tCode("refused", failed, t("chat.not_sent")) : t("chat.sending")}</p>
      ${failed && html`
        <p class="said-when">
          <button type="button" class="link" onClick=${() => desk.chats.again(id, client_id)}>${t("banner.try_again")}</button>
          <button type="button" class="link" onClick=${() => desk.chats.discard(id, client_id)}>${t("chat.discard")}</button>
        </p>`}
    </div>
  `;
}
