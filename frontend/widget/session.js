// One visitor's chat, whatever the network does: opened once, each message said once, everything shown once.
import { randomName } from "../lib/random.js";
import { Uploads } from "../lib/uploads.js";
import { Nodes } from "../lib/nodes.js";
import { Retry } from "../lib/retry.js";
import { RequestLink, SocketLink } from "./links.js";

const PAUSES = { firstMs: 300, longestMs: 8000 };
const AGAIN_MS = 1500;
const TYPING_EVERY_MS = 4000;
const TYPING_STOPS_MS = 5000;
const PASSING = new Set(["too_fast", "unavailable", "internal"]);

export const initial = {
  phase: "none", // none | opening | waiting | talking | ended
  link: "none", // none | connecting | online | lost | replaced
  status: null,
  lines: [],
  outbox: [], // {client_id, text, failed}: said here and not yet shown by the server
  files: null, // what may be sent: {types, max_bytes, per_chat}, null where no files are taken
  uploads: [], // files on their way
  read: 0, // the last message that was on the screen
  problem: null, // why the chat could not be opened: a code of the server
};

export class ChatSession {
  /** `settings()` gives {server, entry, locale, user, proof, attributes, data} as they are now. */
  constructor({ settings, memory, onState }) {
    this._settings = settings;
    this._nodes = new Nodes(settings().server);
    this._memory = memory;
    this._onState = onState;
    this.state = initial;
    this._link = null;
    this._blocked = false; // WebSockets do not get through here, requests do
    this._socketWorked = false;
    this._retry = new Retry(() => this._connect(), PAUSES);
    this._underWay = null;
    this._typing = null;
    this._seen = false;
    this.uploads = new Uploads({
      address: (client_id, name) => this._fileUrl(`?${new URLSearchParams({ client_id, name })}`),
      token: () => this._memory.chat.token,
      limits: () => this.state.files,
      onChange: (uploads) => this._change({ uploads }),
      onDone: (line) => this._lines([line]),
    });
    this._resume();
  }

  // -- what the visitor does ---------------------------------------------------------------------------------------

  open(name, question) {
    const kept = this._memory.chat;
    // The same question under the same key is the same chat, should the answer to an earlier try have been lost.
    const again = kept && !kept.token && kept.opening.question === question && kept.opening.name === name;
    const key = again ? kept.key : randomName();
    this._keep({ key, opening: { name, question, ...this._who() }, token: null, chatId: null, outbox: [] });
    this._change({ ...initial, phase: "opening" });
    this._connect();
  }

  /** Whether chats are taken now: {open, leave_message, holiday, opens_at_us}; null when nobody can say. */
  async ask() {
    const { entry } = this._settings();
    try {
      const answer = await fetch(this._nodes.url(`/chat/v1/entries/${encodeURIComponent(entry)}`));
      return answer.ok ? await answer.json() : null;
    } catch {
      return null; // the form is shown, and says what is wrong when it is used
    }
  }

  /** A message for when nobody is there. Resolves with null, or with the code of what is wrong. */
  async leave(fields) {
    const { entry } = this._settings();
    const { data, ...who } = this._who();
    this._leaveKey ??= randomName(); // the same message again is the same one
    const body = JSON.stringify({ entry, key: this._leaveKey, ...fields, ...who });
    try {
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch(this._nodes.url("/chat/v1/left-messages"), { method: "POST", headers, body });
      if (!answer.ok) return (await answer.json()).code;
      this._leaveKey = null;
      return null;
    } catch {
      return "unavailable";
    }
  }

  say(text) {
    this.typing(false);
    this._setOutbox([...this.state.outbox, { client_id: randomName(), text, failed: null }]);
    this._pump();
  }

  again(client_id) {
    this._setOutbox(this.state.outbox.map((entry) => (entry.client_id === client_id ? { ...entry, failed: null } : entry)));
    this._pump();
  }

  /** Call it with each key; it ends by itself. */
  typing(on) {
    clearTimeout(this._typing?.timer);
    const before = this._typing;
    this._typing = null;
    if (!on) {
      if (before) this._link?.send({ type: "typing", on: false });
      return;
    }
    const now = Date.now();
    const renew = !before || now - before.at > TYPING_EVERY_MS;
    if (renew) this._link?.send({ type: "typing", on: true });
    this._typing = { at: renew ? now : before.at, timer: setTimeout(() => this.typing(false), TYPING_STOPS_MS) };
  }

  /** Whether somebody can see the conversation now. */
  seen(on) {
    this._seen = on;
    this._receipt();
  }

  end() {
    this._link?.send({ type: "end" });
  }

  rate(score) {
    this._link?.send({ type: "rate", score });
  }

  /** Where a file of this chat is, for whoever has the token. */
  source(id) {
    return { url: this._fileUrl(`/${encodeURIComponent(id)}`), token: this._memory.chat?.token };
  }

  /** Forget the chat that is over. */
  restart() {
    this._drop();
    this.uploads.dropAll();
    this._memory.chat = null;
    this._change(initial);
  }

  /** After another window took over. */
  takeBack() {
    this._retry.reset();
    this._connect();
  }

  // -- the connection ----------------------------------------------------------------------------------------------

  _resume() {
    const kept = this._memory.chat;
    if (!kept) return;
    this._change({ phase: "opening", outbox: kept.outbox ?? [] });
    this._connect();
  }

  _connect() {
    this._drop();
    this._change({ link: this.state.link === "lost" ? "lost" : "connecting" });
    const server = this._nodes.at;
    const { chatId } = this._memory.chat;
    let link = null;
    const mine = (handler) => (...given) => this._link === link && handler(...given);
    const on = {
      peers: mine((addresses) => this._nodes.learn(addresses)),
      welcome: mine((status, token, files) => this._welcome(status, token, files)),
      status: mine((status) => this._status(status)),
      lines: mine((lines) => this._lines(lines)),
      refused: mine((code, client_id) => this._refused(code, client_id)),
      down: mine((code) => this._down(code)),
    };
    link = this._blocked ? new RequestLink(server, this._opening(), chatId, on) : new SocketLink(server, this._opening(), on);
    this._link = link;
  }

  _opening() {
    const { key, opening, token } = this._memory.chat;
    if (token) return { type: "resume", token, after: this._last() };
    return { type: "open", entry: this._settings().entry, key, ...opening };
  }

  _who() {
    const { locale, user, proof, attributes, data } = this._settings();
    const who = { locale, data, visitor_id: this._memory.visitorId };
    return user && proof ? { ...who, user: { id: user, proof, attributes } } : who;
  }

  _welcome(status, token, files) {
    const kept = this._memory.chat;
    this._keep({ ...kept, token: token ?? kept.token, chatId: status.chat_id });
    this._retry.reset();
    this._nodes.reached();
    this._socketWorked ||= !this._blocked;
    this._change({ link: "online", problem: null, files });
    this._status(status);
    this._receipt();
    this._pump();
  }

  _down(code) {
    const welcomed = this.state.link === "online";
    this._link = null;
    if (code === "unknown_chat") return this.restart();
    if (code === "refused") return this._change({ link: "none" });
    if (code === "replaced") return this._change({ link: "replaced" });
    // Never welcomed: perhaps WebSockets are blocked. The next try takes the other way.
    if (!welcomed && code !== "moving") this._blocked = this._socketWorked ? this._retry.attempt % 4 === 3 : !this._blocked;
    if (this.state.phase === "ended" && !this.state.status?.may_rate) return this._change({ link: "none" });
    this._change({ link: "lost" });
    // A chat that is still on its way to this node is not better off at another one.
    return this._retry.later(code !== "moving" && this._nodes.failed(code === "shutdown"));
  }

  _drop() {
    this._retry.cancel();
    this._link?.close();
    this._link = null;
    this._underWay = null;
    this._told = null;
  }

  // -- what the server says ----------------------------------------------------------------------------------------

  _status(status) {
    if (this.state.status && status.version < this.state.status.version && this.state.link !== "online") return;
    this._change({ status, phase: status.state });
    if (status.state === "ended" && this.state.outbox.some(({ failed }) => !failed))
      this._setOutbox(this.state.outbox.map((entry) => ({ ...entry, failed: entry.failed ?? "chat_over" })));
  }

  _lines(fresh) {
    const known = new Set(this.state.lines.map(({ number }) => number));
    const news = fresh.filter(({ number }) => !known.has(number));
    const shown = new Set(fresh.map(({ client_id }) => client_id).filter(Boolean));
    // A plain request's answer may overtake the messages before it, so they are put in order here.
    if (news.length) this._change({ lines: [...this.state.lines, ...news].sort((a, b) => a.number - b.number) });
    if (this.state.outbox.some(({ client_id }) => shown.has(client_id))) this._setOutbox(this.state.outbox.filter(({ client_id }) => !shown.has(client_id)));
    if (shown.has(this._underWay)) this._underWay = null;
    if (news.length) this._receipt();
    this._pump();
  }

  _refused(code, client_id) {
    if (client_id) return this._notSaid(code, client_id);
    if (this.state.link === "online") return undefined; // too late an end or rating: the status says what holds
    if (code === "unknown_chat") return undefined; // `down` follows, and forgets it
    // Back to the form, with what was written. What may work in a moment is tried under the same key.
    if (!PASSING.has(code)) this._memory.chat = null;
    this._change({ phase: "none", problem: code });
    return undefined;
  }

  _notSaid(code, client_id) {
    this._underWay = null;
    if (PASSING.has(code)) return void setTimeout(() => this._pump(), AGAIN_MS);
    this._setOutbox(this.state.outbox.map((entry) => (entry.client_id === client_id ? { ...entry, failed: code } : entry)));
    return this._pump();
  }

  // -- inside ------------------------------------------------------------------------------------------------------

  /** One message at a time, so that they keep their order; each until the server shows it. */
  _pump() {
    if (this._underWay || this.state.link !== "online") return;
    const next = this.state.outbox.find(({ failed }) => !failed);
    if (!next) return;
    this._underWay = next.client_id;
    this._link.send({ type: "message", client_id: next.client_id, text: next.text });
  }

  /** Up to which number nothing is missing; numbers begin at 1 and have no gaps. */
  _last() {
    const gap = this.state.lines.findIndex(({ number }, index) => number !== index + 1);
    return gap < 0 ? this.state.lines.length : gap;
  }

  _receipt() {
    const delivered = this._last();
    if (!delivered) return;
    const read = this._seen ? delivered : this.state.read;
    if (read !== this.state.read) this._change({ read });
    const told = `${delivered}/${read}`;
    if (this.state.link !== "online" || this.state.phase === "ended" || told === this._told) return;
    this._told = told;
    this._link.send({ type: "receipt", delivered, read });
  }

  _fileUrl(rest) {
    return this._nodes.url(`/chat/v1/chats/${encodeURIComponent(this._memory.chat?.chatId ?? "")}/files${rest}`);
  }

  _setOutbox(outbox) {
    const kept = this._memory.chat;
    if (kept) this._keep({ ...kept, outbox });
    this._change({ outbox });
  }

  _keep(chat) {
    this._memory.chat = chat;
  }

  _change(change) {
    this.state = { ...this.state, ...change };
    this._onState(this.state);
  }
}
