import { Action, Ticking } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { course, Parties } from "./parties.js";
import { AskSupervisor, HelpState } from "./ask-supervisor.js";
import { Caller, endedBy, Facts, Why } from "./parts.js";
import { RecordingLamp } from "./recording.js";
import { TransferSheet } from "./transfer.js";

const MOST_PARTIES = 6; // as the server has it
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

/** A call, or a piece of work without a conversation (an e-mail), which has nothing to mute or hold. */
export function CallCard({ call, desk, state }) {
  const [keypad, setKeypad] = useState(false);
  const id = call.reservation_id;
  const held = call.state === "held";
  const open = call.state === "connected" || held;
  const voice = call.medium === "voice";
  const inBrowser = state.agent.station === "webrtc";
  const parties = state.calls[id] ?? [];
  const muted = state.phone.muted || parties.some(({ you, muted: by_server }) => you && by_server);
  return html`
    <article class="card call" data-state=${call.state} aria-labelledby=${`call-${id}`}>
      <header class="card-head">
        <p id=${`call-${id}`} class="eyebrow" role="status"><span class="beacon" aria-hidden="true"></span>${heading(call, parties)}</p>
        ${call.connected_at_us && call.state !== "ended" && html`<p class="timer" role="timer" aria-label=${t("call.timer")}><${Ticking} since=${call.connected_at_us / 1000} every=${500} /></p>`}
      </header>
      <${Caller} card=${call} />
      ${call.state === "ended" && call.by && html`<p class="quiet-text">${endedBy(call)}</p>`}
      ${call.state === "accepted" && voice && !inBrowser && html`<p class="on-phone"><${Icon} name="phone" />${t("offer.answer_on_phone")}</p>`}
      ${open && state.recordings[id] && html`<${RecordingLamp} recording=${state.recordings[id]} open=${open} pause=${(on) => desk.pauseRecording(id, on)} />`}
      ${open && parties.length > 2 && html`<${Parties} call=${call} parties=${parties} desk=${desk} open=${open} />`}
      ${voice
        ? html`<${CallBar} id=${id} asked=${state.asked[id]} open=${open} held=${held} calling=${call.callback && call.state === "accepted"} muted=${inBrowser ? muted : null} keypad=${keypad} setKeypad=${setKeypad} parties=${parties} desk=${desk} />`
        : html`<${Action} class="button primary large" data-key="KeyE" aria-keyshortcuts="Alt+E" disabled=${!open} act=${() => desk.hangUp(id)}><${Icon} name="check" />${t("call.done")}</${Action}>`}
      <${HelpState} asked=${state.asked[id]} />
      ${keypad && open && html`<${Keypad} send=${(digit) => desk.sendDigit(id, digit)} />`}
      <${Facts} card=${call} />
      <${Why} why=${call.why} />
    </article>
  `;
}

function heading({ state, medium, callback }, parties) {
  const open = state === "connected" || state === "held";
  if (medium !== "voice" && open) return t("call.in_hand");
  if (callback && state === "accepted") return t("call.calling");
  const several = open ? course(parties) : null;
  return several ? t(several) : t(`call.${state}`);
}

/** `muted` is null where the telephone has its own button. */
function CallBar({ id, asked, open, held, calling, muted, keypad, setKeypad, parties, desk }) {
  return html`
    <div class="call-bar" role="toolbar" aria-label=${t("call.controls")}>
      ${muted !== null && html`
        <button type="button" class=${`button control ${muted ? "on" : ""}`} data-key="KeyM" aria-keyshortcuts="Alt+M" aria-pressed=${muted} disabled=${!open} onClick=${() => desk.mute(id, !muted)}>
          <${Icon} name=${muted ? "micOff" : "mic"} />${t(muted ? "call.unmute" : "call.mute")}
        </button>`}
      <${Action} class=${`button control ${held ? "on" : ""}`} data-key="KeyH" aria-keyshortcuts="Alt+H" aria-pressed=${held} disabled=${!open} act=${() => desk.hold(id, !held)}>
        <${Icon} name=${held ? "play" : "pause"} />${t(held ? "call.resume" : "call.hold")}
      </${Action}>
      <button type="button" class=${`button control ${keypad ? "on" : ""}`} data-key="KeyK" aria-keyshortcuts="Alt+K" aria-expanded=${keypad} disabled=${!open} onClick=${() => setKeypad(!keypad)}>
        <${Icon} name="keypad" />${t("call.keypad")}
      </button>
      <${Transfer} id=${id} open=${open} parties=${parties} desk=${desk} />
      <${AskSupervisor} id=${id} asked=${asked} open=${open} desk=${desk} />
      <${Action} class="button control danger" data-key="KeyE" aria-keyshortcuts="Alt+E" disabled=${!open && !calling} act=${() => desk.hangUp(id)}>
        <${Icon} name="hangUp" />${t("call.hang_up")}
      </${Action}>
    </div>
  `;
}

/** The button, and the dialog while it stands; the focus comes back to the button. */
function Transfer({ id, open, parties, desk }) {
  const [asking, setAsking] = useState(false);
  const button = useRef(null);
  const close = () => {
    setAsking(false);
    button.current?.focus();
  };
  useEffect(() => void (open || setAsking(false)), [open]);
  const room = parties.filter(({ kind }) => kind !== "supervisor").length < MOST_PARTIES;
  const here = parties.map(({ agent }) => agent).filter(Boolean);
  return html`
    <button type="button" ref=${button} class="button control" data-key="KeyT" aria-keyshortcuts="Alt+T" aria-haspopup="dialog" disabled=${!open || !room} onClick=${() => setAsking(true)}>
      <${Icon} name="transfer" />${t("call.transfer")}
    </button>
    ${asking && html`<${TransferSheet} desk=${desk} here=${here} transfer=${(target, warm) => desk.transfer(id, target, warm)} close=${close} />`}
  `;
}

function Keypad({ send }) {
  const [sent, setSent] = useState("");
  const press = (digit) => {
    setSent((before) => (before + digit).slice(-16));
    send(digit);
  };
  const key = (event) => {
    if (!KEYS.includes(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    press(event.key);
  };
  return html`
    <div class="keypad" role="group" aria-label=${t("call.keypad")} onKeyDown=${key}>
      <output class="figures" aria-label=${t("call.digits_sent")}>${sent || "\u00a0"}</output>
      ${KEYS.map((digit) => html`<button type="button" class="button figures" key=${digit} onClick=${() => press(digit)}>${digit}</button>`)}
    </div>
  `;
}
