// The agent's side of chats: says each message once whatever the connection does, and tells who types and who has read.
import { randomName } from "../lib/random.js";

const STORED = "jackfield.outbox";
const PASSING = new Set(["too_fast", "unavailable", "internal", "timeout"]);
const AGAIN_MS = 1500;
const ATTEMPTS = 8;
const TYPING_EVERY_MS = 4000;
const TYPING_STOPS_MS = 5000;

export class Chats {
  constructor({ client, store }) {
    this._client = client;
    this._store = store;
    this._busy = new Set(); // reservations of which a message is under way: one at a time keeps their order
    this._typing = new Map(); // reservation -> {at, timer}
    store.subscribe((state, before) => this._follow(state, before));
  }

  say(reservation_id, text) {
    this.typing(reservation_id, false);
    const entry = { client_id: randomName(), text, failed: null };
    this._change(reservation_id, [...this._outbox(reservation_id), entry]);
    this._pump(reservation_id);
  }

  /** Try a message again that the server refused. */
  again(reservation_id, client_id) {
    this._mark(reservation_id, client_id, null);
    this._pump(reservation_id);
  }

  discard(reservation_id, client_id) {
    this._change(reservation_id, this._outbox(reservation_id).filter((entry) => entry.client_id !== client_id));
  }

  /** Call it with each key that changes the text; it ends by itself. */
  typing(reservation_id, on) {
    const before = this._typing.get(reservation_id);
    clearTimeout(before?.timer);
    if (!on) {
      this._typing.delete(reservation_id);
      if (before) this._client.signal("chat_typing", { reservation_id, on: false });
      return;
    }
    const now = Date.now();
    const renew = !before || now - before.at > TYPING_EVERY_MS;
    if (renew) this._client.signal("chat_typing", { reservation_id, on: true });
    const timer = setTimeout(() => this.typing(reservation_id, false), TYPING_STOPS_MS);
    this._typing.set(reservation_id, { at: renew ? now : before.at, timer });
  }

  /** Everything up to `number` is on the screen. */
  read(reservation_id, number) {
    this._client.signal("chat_read", { reservation_id, number });
    this._store.dispatch({ type: "local/chat_read", reservation_id, number });
  }

  _follow(state, before) {
    const online = state.ready && state.connection === "online";
    const back = online && !(before.ready && before.connection === "online");
    if (!before.ready && state.ready) this._restore(state);
    for (const work of state.works) {
      const old = before.works.find(({ reservation_id }) => reservation_id === work.reservation_id);
      if (work.outbox !== old?.outbox) this._keep();
      if (online && (back || work.outbox !== old?.outbox)) this._pump(work.reservation_id);
    }
  }

  async _pump(reservation_id) {
    if (this._busy.has(reservation_id)) return;
    this._busy.add(reservation_id);
    try {
      let entry;
      while ((entry = this._next(reservation_id))) await this._deliver(reservation_id, entry);
    } finally {
      this._busy.delete(reservation_id);
    }
  }

  _next(reservation_id) {
    if (this._store.get().connection !== "online") return undefined; // goes on when the connection is back
    return this._outbox(reservation_id).find(({ failed, sent }) => !failed && !sent);
  }

  async _deliver(reservation_id, { client_id, text }) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this._client.request("chat_message", { reservation_id, client_id, text });
        return this._mark(reservation_id, client_id, null, true);
      } catch ({ code }) {
        // Unsettled: nobody knows whether it arrived. It is said again with its name, which makes it one message.
        if (code === "unsettled") return undefined;
        if (!PASSING.has(code) || attempt >= ATTEMPTS) return this._mark(reservation_id, client_id, code);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }

  _outbox(reservation_id) {
    return this._store.get().works.find((work) => work.reservation_id === reservation_id)?.outbox ?? [];
  }

  _mark(reservation_id, client_id, failed, sent = false) {
    const outbox = this._outbox(reservation_id);
    if (!outbox.some((entry) => entry.client_id === client_id)) return; // shown already
    this._change(reservation_id, outbox.map((entry) => (entry.client_id === client_id ? { ...entry, failed, sent } : entry)));
  }

  _change(reservation_id, outbox) {
    this._store.dispatch({ type: "local/outbox", reservation_id, outbox });
  }

  // What was not yet taken is kept over a reload of the page.
  _keep() {
    const { works } = this._store.get();
    const kept = works.filter(({ outbox }) => outbox?.length).map(({ reservation_id, outbox }) => [reservation_id, outbox]);
    if (kept.length) sessionStorage.setItem(STORED, JSON.stringify(kept));
    else sessionStorage.removeItem(STORED);
  }

  _restore({ works }) {
    for (const [reservation_id, kept] of JSON.parse(sessionStorage.getItem(STORED)) ?? []) {
      const work = works.find((each) => each.reservation_id === reservation_id);
      const lines = work?.assignment?.chat?.lines ?? [];
      const entries = kept.filter(({ client_id }) => !lines.some((line) => line.client_id === client_id));
      if (work && entries.length && !work.outbox?.length)
        this._change(reservation_id, entries.map((entry) => ({ ...entry, sent: false })));
    }
  }
}
