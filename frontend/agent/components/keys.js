// The sheet of keys, by "?": what can be done without a mouse.
import { t } from "../../lib/i18n.js";
import { InfoSheet } from "../../lib/sheet.js";
import { html, useEffect, useState } from "../../lib/ui.js";

const KEYS = [
  ["Alt G", "presence.ready"],
  ["Alt N", "presence.reasons"],
  ["Alt A", "offer.accept"],
  ["Alt R", "offer.reject"],
  ["Alt M", "call.mute"],
  ["Alt H", "call.hold"],
  ["Alt K", "call.keypad"],
  ["Alt T", "call.transfer"],
  ["Alt C", "consult.complete"],
  ["Alt S", "consult.swap"],
  ["Alt J", "consult.join"],
  ["Alt B", "consult.back"],
  ["Alt O", "recording.pause"],
  ["Alt E", "call.hang_up"],
  ["Alt P", "park.park"],
  ["Alt Q", "help.ask"],
  ["Alt X", "chat.end"],
  ["/", "reply.list"],
  ["Alt L", "own_replies.heading"],
  ["Alt I", "note.write"],
  ["Alt F", "wrap_up.finish"],
  ["Alt D", "devices.heading"],
  ["Alt W", "view.work"],
  ["Alt U", "view.follow_ups"],
  ["Tab", "keys.next"],
  ["Esc", "keys.close"],
  ["?", "keys.heading"],
];

export function KeysSheet({ close }) {
  return html`
    <${InfoSheet} heading=${t("keys.heading")} close=${close}>
      <dl class="keys">${KEYS.map(([key, text]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${t(text)}</dd></div>`)}</dl>
    </${InfoSheet}>
  `;
}

/** Whether the sheet stands, and how to close it. "?" opens it, unless somebody types. */
export function useKeysSheet() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const press = (event) => {
      const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
      if (event.key !== "?" || typing || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      setOpen(true);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return [open, () => setOpen(false)];
}
