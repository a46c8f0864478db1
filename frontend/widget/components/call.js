import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { WebCall } from "../../lib/web-call.js";
import { locale, t, tCode } from "../texts.js";
import { Glyph } from "./glyphs.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const OVER = new Set(["ended", "refused"]);

/** A call from the page: it begins when this opens, and the microphone is given back when this closes. */
export function Call({ settings, memory, leave }) {
  const call = useRef(null);
  const [shown, setShown] = useState({ state: "microphone", detail: {} });
  const [blocked, setBlocked] = useState(false);
  const [since, setSince] = useState(null);
  const [muted, setMuted] = useState(false);
  const [keypad, setKeypad] = useState(false);
  const start = () => {
    const told = (state, detail) => {
      if (state === "playback-blocked") return setBlocked(true);
      if (state === "in_ivr") setKeypad(true);
      if (state === "connected") setSince((before) => before ?? Date.now());
      return setShown({ state, detail });
    };
    const address = new URL("/call/v1/ws", settings.server);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const name = memory.chat?.opening?.name || settings.name;
    call.current = new WebCall({ url: address.href, visitorId: memory.visitorId, name, locale: locale(), onState: told });
    setSince(null);
    setMuted(false);
    call.current.start(settings.callEntry);
  };
  useEffect(() => {
    start();
    return () => call.current.hangUp();
  }, []);
  const mute = () => {
    call.current.mute(!muted);
    setMuted(!muted);
  };
  const over = OVER.has(shown.state);
  return html`
    <div class="body call">
      <div class=${`call-where ${shown.state}`}>
        <span class="call-mark" aria-hidden="true"><${Glyph} name="phone" /></span>
        <p role="status">${textOf(shown)}</p>
        ${shown.detail.emergency && html`<p class="emergency" role="alert">${shown.detail.emergency}</p>`}
        ${since && !over && html`<${Timer} since=${since} />`}
        ${blocked && html`<button type="button" class="second" onClick=${() => (call.current.resumePlayback(), setBlocked(false))}>${t("call.play")}</button>`}
      </div>
      ${!over && keypad && html`<${Keys} press=${(key) => call.current.press(key)} />`}
      <div class="call-bar">
        ${over
          ? html`<button type="button" class="primary" onClick=${start}>${t("call.again")}</button><button type="button" class="second" onClick=${leave}>${t("call.back")}</button>`
          : html`
            <button type="button" class="second" aria-pressed=${muted} onClick=${mute}><${Glyph} name=${muted ? "micOff" : "mic"} />${t(muted ? "call.unmute" : "call.mute")}</button>
            <button type="button" class="second" aria-expanded=${keypad} onClick=${() => setKeypad(!keypad)}><${Glyph} name="keys" />${t("call.keypad")}</button>
            <button type="button" class="hang-up" data-first onClick=${() => call.current.hangUp()}>${t("call.hang_up")}</button>`}
      </div>
    </div>
  `;
}

function textOf({ state, detail }) {
  if (state === "waiting" && detail.place) return t("call_state.place", { place: detail.place });
  if (state === "refused") return tCode("call_refused", detail.code, "call_refused.unavailable");
  if ((state === "connected" || state === "held") && !detail.agent) return t(`call_state.${state}_nameless`);
  return t(`call_state.${state}`, { agent: detail.agent });
}

function Keys({ press }) {
  const [sent, setSent] = useState("");
  const send = (key) => {
    setSent((before) => (before + key).slice(-12));
    press(key);
  };
  const typed = (event) => {
    if (!KEYS.includes(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    send(event.key);
  };
  return html`
    <div class="keys" role="group" aria-label=${t("call.keypad")} onKeyDown=${typed}>
      <output aria-label=${t("call.digits_sent")}>${sent || "\u00a0"}</output>
      ${KEYS.map((key) => html`<button type="button" key=${key} onClick=${() => send(key)}>${key}</button>`)}
    </div>
  `;
}

function Timer({ since }) {
  const [, redraw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => redraw((count) => count + 1), 500);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.floor((Date.now() - since) / 1000);
  return html`<p class="timer" role="timer">${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}</p>`;
}
