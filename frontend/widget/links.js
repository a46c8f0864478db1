// Two ways to the server with the same face: a WebSocket, and plain requests for networks that let none through.
//
// A link is made with an opening (`open` or `resume`) and tells `on`:
//   welcome(status, token, files)   the chat is there; token after `open` only; files: what may be sent, or null
//   peers(addresses)         where other nodes of the server are
//   status(status), lines(lines), refused(code, client_id)
//   down(code)               over; `code` is the server's bye, or null when the connection is just gone
// docs/chat.md describes the messages.

const SUBPROTOCOL = "jackfield.chat.v1";
const WELCOME_MS = 5000;
const PING_EVERY_MS = 15000;
const PONG_MS = 8000;
const POLL_S = 20;
const ANSWER_MS = 12000;

export class SocketLink {
  constructor(server, opening, on) {
    this._on = on;
    this._bye = null;
    const address = new URL("/chat/v1/ws", server);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address, SUBPROTOCOL);
    this._socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(opening));
    socket.onmessage = ({ data }) => this._received(JSON.parse(data));
    socket.onclose = () => this._down();
    this._patience = setTimeout(() => this._down(), WELCOME_MS);
  }

  send(message) {
    if (this._socket?.readyState === WebSocket.OPEN) this._socket.send(JSON.stringify(message));
  }

  close() {
    clearTimeout(this._patience);
    clearTimeout(this._beat);
    const socket = this._socket;
    this._socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  _received(message) {
    clearTimeout(this._patience);
    switch (message.type) {
      case "pong":
        return this._on.peers(message.peers);
      case "welcome":
        this._ping();
        this._on.peers(message.peers);
        return this._on.welcome(message.status, message.token ?? null, message.files ?? null);
      case "status":
        return this._on.status(message.status);
      case "messages":
        return this._on.lines(message.messages);
      case "refused":
        return this._on.refused(message.code, message.client_id ?? null);
      case "bye":
        this._bye = message.code;
        return undefined;
      default:
        return undefined; // what a newer server may say
    }
  }

  /** A network that is gone closes no socket: only a question without an answer shows it. */
  _ping() {
    this._beat = setTimeout(() => {
      this.send({ type: "ping" });
      this._patience = setTimeout(() => this._down(), PONG_MS);
      this._ping();
    }, PING_EVERY_MS);
  }

  _down() {
    if (!this._socket) return;
    this.close();
    this._on.down(this._bye);
  }
}

export class RequestLink {
  constructor(server, opening, chatId, on) {
    this._on = on;
    this._chats = new URL("/chat/v1/chats", server).href;
    this._chatId = chatId;
    this._token = opening.token ?? null;
    this._after = opening.after ?? 0;
    this._closed = new AbortController();
    this._follow(opening);
  }

  async send({ type, ...body }) {
    const paths = { message: "messages", typing: "typing", receipt: "receipt", end: "end", rate: "rating" };
    const path = paths[type];
    if (!path || this._closed.signal.aborted) return;
    try {
      const answer = await this._ask(`${this._chatId}/${path}`, { method: "POST", body });
      if (answer.code && answer.refused) this._on.refused(answer.code, body.client_id ?? null);
      else if (type === "message") this._on.lines([answer]);
    } catch (error) {
      this._lost(error);
    }
  }

  close() {
    this._closed.abort();
  }

  async _follow({ type, ...fields }) {
    try {
      const first = type === "open" ? await this._ask("", { method: "POST", body: fields }) : await this._page(-1);
      if (!this._welcome(first)) return;
      let { version } = first.status;
      while (!this._closed.signal.aborted) {
        const page = await this._page(version);
        if (page.refused) return this._end(page.code);
        version = page.status.version;
        this._on.peers(page.peers);
        this._lines(page.messages);
        this._on.status(page.status);
      }
    } catch (error) {
      this._lost(error);
    }
  }

  _welcome(first) {
    if (first.refused) {
      this._on.refused(first.code, null);
      this._end(first.code === "unknown_chat" ? first.code : "refused");
      return false;
    }
    this._token ??= first.token;
    this._chatId = first.status.chat_id;
    this._on.peers(first.peers);
    this._on.welcome(first.status, first.token ?? null, first.files ?? null);
    this._lines(first.messages);
    return true;
  }

  _lines(lines) {
    if (!lines.length) return;
    this._after = lines.at(-1).number;
    this._on.lines(lines);
  }

  _page(version) {
    const query = version < 0 ? `after=${this._after}` : `after=${this._after}&version=${version}&wait=${POLL_S}`;
    return this._ask(`${this._chatId}/messages?${query}`, { patience: (version < 0 ? 0 : POLL_S * 1000) + ANSWER_MS });
  }

  /** The JSON of the answer; {refused: true, code} for one of 400 and above; rejects when the network fails. */
  async _ask(path, { method = "GET", body, patience = ANSWER_MS } = {}) {
    const headers = body ? { "Content-Type": "application/json" } : {};
    if (this._token) headers.Authorization = `Bearer ${this._token}`;
    const signal = AbortSignal.any([this._closed.signal, AbortSignal.timeout(patience)]);
    const address = path ? `${this._chats}/${path}` : this._chats;
    const answer = await fetch(address, { method, headers, signal, body: body && JSON.stringify(body) });
    if (answer.status >= 500) throw new Error(`status ${answer.status}`);
    const text = await answer.text();
    return { ...(text && JSON.parse(text)), refused: answer.status >= 400 };
  }

  _lost(error) {
    if (this._closed.signal.aborted) return;
    console.info("the chat's requests failed", error);
    this._end(null);
  }

  _end(code) {
    if (this._closed.signal.aborted) return;
    this.close();
    this._on.down(code);
  }
}
