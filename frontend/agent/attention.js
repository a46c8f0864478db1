// Calls the agent's attention to an offer: a sound made here, a desktop notification, a blinking title.
import { label, t } from "../lib/i18n.js";

const RING_EVERY_MS = 2800;
const BLINK_EVERY_MS = 1000;
const STORED = "jackfield.sound";
const MESSAGE = [[0, 880]]; // one note: somebody wrote
// A rising third, soft and short: [start s, frequency Hz].
const NOTES = [
  [0, 659.3],
  [0.16, 830.6],
  [0.62, 659.3],
  [0.78, 830.6],
];

export class Attention {
  constructor(devices) {
    this._devices = devices;
    devices.subscribe(() => this._useRinger());
    this.soundOn = localStorage.getItem(STORED) !== "off";
    this._context = null;
    this._ring = null;
    this._blink = null;
    this._shown = new Map(); // reservation -> Notification
    this._unread = 0;
  }

  /** Browsers let a page sound only after a click: call this from one. */
  unlock() {
    if (!this._context && "AudioContext" in globalThis) {
      this._context = new AudioContext();
      this._useRinger();
    }
    this._context?.resume();
  }

  /** The ring, once, so that the agent hears where it comes from. */
  sample() {
    this.unlock();
    this._sound(NOTES, true);
  }

  /** On the chosen device where the browser can; on the system's own otherwise. */
  async _useRinger() {
    const id = await this._devices.idOf("ringer");
    await this._context?.setSinkId?.(id);
  }

  /** Call from a click that says "I am at work": that is when the question makes sense to the agent. */
  async askPermission() {
    if ("Notification" in globalThis && Notification.permission === "default") await Notification.requestPermission();
  }

  setSound(on) {
    this.soundOn = on;
    localStorage.setItem(STORED, on ? "on" : "off");
    if (!on) this._context?.suspend();
    else this._context?.resume();
  }

  /** How many messages of customers nobody has looked at; each new one is heard. */
  count(unread) {
    if (unread > this._unread && !this._ring) this._sound(MESSAGE);
    this._unread = unread;
    if (!this._ring) this.entitle();
  }

  entitle() {
    document.title = this._plain();
  }

  _plain() {
    return this._unread ? `(${this._unread}) ${t("page.title")}` : t("page.title");
  }

  /** Sound, title and notifications follow the offers that stand. */
  follow(offers) {
    if (offers.length && !this._ring) this._start(offers);
    if (!offers.length && this._ring) this._stop();
    const standing = new Set(offers.map(({ reservation_id }) => reservation_id));
    for (const [id, notification] of this._shown) {
      if (standing.has(id)) continue;
      notification.close();
      this._shown.delete(id);
    }
    for (const offer of offers) this._notify(offer);
  }

  _start(offers) {
    this._sound();
    this._ring = setInterval(() => this._sound(), RING_EVERY_MS);
    const [{ medium }] = offers;
    const calling = `${medium === "chat" ? "✉" : "☎"} ${t(medium === "chat" ? "offer.title_chat" : "offer.title_blink", { who: who(offers[0]) })}`;
    document.title = calling;
    this._blink = setInterval(() => {
      document.title = document.title === calling ? this._plain() : calling;
    }, BLINK_EVERY_MS);
  }

  _stop() {
    clearInterval(this._ring);
    clearInterval(this._blink);
    this._ring = this._blink = null;
    this.entitle();
  }

  _notify(offer) {
    const allowed = "Notification" in globalThis && Notification.permission === "granted";
    if (!allowed || !document.hidden || this._shown.has(offer.reservation_id)) return;
    const notification = new Notification(t(`offer.medium.${offer.medium}`), {
      body: `${who(offer)} · ${label(offer.queue_title)}`,
      tag: offer.reservation_id,
    });
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
    this._shown.set(offer.reservation_id, notification);
  }

  _sound(notes = NOTES, always = false) {
    const context = this._context;
    if (!(this.soundOn || always) || context?.state !== "running") return;
    for (const [start, frequency] of notes) {
      const at = context.currentTime + start;
      const tone = new OscillatorNode(context, { type: "sine", frequency });
      const volume = new GainNode(context, { gain: 0 });
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.16, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0005, at + 0.42);
      tone.connect(volume).connect(context.destination);
      tone.start(at);
      tone.stop(at + 0.45);
    }
  }
}

export function who(offer) {
  return offer.caller.display || offer.caller.number || t(offer.medium === "chat" ? "caller.visitor" : "caller.unknown");
}
