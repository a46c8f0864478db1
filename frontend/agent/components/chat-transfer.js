// Handing a chat on: to a colleague or a queue, with a note that only the colleague reads; and that note, where it came.
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { time } from "../../lib/time.js";
import { html, useRef, useState } from "../../lib/ui.js";
import { TransferSheet } from "./transfer.js";

const NOTE_LIMIT = 2000;

/** The button, and the dialog while it stands; the focus comes back to the button. */
export function ChatTransfer({ id, open, desk }) {
  const [asking, setAsking] = useState(false);
  const [note, setNote] = useState("");
  const button = useRef(null);
  const close = () => {
    setAsking(false);
    button.current?.focus();
  };
  const transfer = (target) => desk.transfer(id, { ...target, ...(note.trim() ? { note: note.trim() } : {}) }, false);
  return html`
    <button type="button" ref=${button} class="button quiet" data-key="KeyT" aria-keyshortcuts="Alt+T" aria-haspopup="dialog" disabled=${!open} onClick=${() => setAsking(true)}>
      <${Icon} name="transfer" />${t("call.transfer")}
    </button>
    ${asking && html`
      <${TransferSheet} desk=${desk} medium="chat" here=${[]} transfer=${transfer} close=${close}>
        <label>${t("transfer.note")}<textarea rows="2" maxlength=${NOTE_LIMIT} value=${note} onInput=${({ target }) => setNote(target.value)}></textarea></label>
      </${TransferSheet}>`}
  `;
}

/** Who handed the chat on to you, and what they wrote to you. */
export function HandedOn({ chat }) {
  const { handed_on: from } = chat ?? {};
  if (!from) return null;
  return html`
    <aside class="handed-on" aria-label=${t("chat.handed_on_label")}>
      <p class="handed-on-head"><${Icon} name="transfer" /><b><bdi>${t("chat.handed_on", { name: from.name || from.agent })}</bdi></b><span class="figures">${time(from.at_us)}</span></p>
      ${from.note && html`<p class="handed-on-note"><bdi>${from.note}</bdi></p>`}
    </aside>
  `;
}
