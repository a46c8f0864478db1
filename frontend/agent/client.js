// The agents' protocol (docs/agents-ws.md): connects, resumes, acknowledges, and matches requests with answers.
// It knows nothing of what the messages mean to the page.

const PATH = "/api/v1/agents/ws";
const SUBPROTOCOL = "jackfield.v1.json";
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 15000;
const ACK_AFTER_MS = 250;
const ACK_AFTER_MESSAGES = 32;
// A host that is gone answers nothing: the next node is not kept waiting for it.
const CONNECT_S = 5;
const ENDING = new Set(["shutdown", "internal"]);
const FINAL = new Set(["replaced", "signed_out", "unauthorized"]);

/** A request that had no effect; `code` is stable. `unsettled`: the answer was lost, the next snapshot tells. */
export class RequestError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export class AgentClient {
  /**
   * @param {object} options
   * @param {import("../lib/nodes.js").Nodes} options.nodes
   * @param {() => string} options.language
   * @param {(message: object) => void} options.onMessage numbered messages, each once and in order, and `welcome`
   * @param {(state: "connecting"|"online"|"waiting"|"ended", detail?: string) => void} options.onState
   * @param {(offsetMs: number) => void} options.onClock the server's clock minus ours
   */
  constructor({ nodes, language, onMessage, onState, onClock }) {
    Object.assign(this, { nodes, language, onMessage, onState, onClock });
    this._pending = new Map(); // ref -> {frame, resolve, reject}
    this._nextRef = 1;
    this._refBase = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
    this._attempt = 0;
    this._socket = null;
    this._forgetSession();
    addEventListener("online", () => this._hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this._hurry());
  }

  start(token) {
    this.stop();
    this._token = token;
    this._attempt = 0;
    this._connect();
  }

  stop() {
    clearTimeout(this._retry);
    this._retry = null;
    this._dropSocket();
    this._forgetSession();
    this._settleAll();
  }

  /** Resolves with the `done` or `leg_answer` message; rejects with a RequestError. */
  request(type, fields = {}) {
    const ref = `${this._refBase}-${this._nextRef++}`;
    const frame = JSON.stringify({ type, ref, ...fields });
    return new Promise((resolve, reject) => {
      this._pending.set(ref, { frame, resolve, reject });
      if (this._online) this._socket.send(frame);
    });
  }

  /** Something that holds now and wants no answer; without a connection it is not said. */
  signal(type, fields) {
    this._send({ type, ...fields });
  }

  // -- connection --------------------------------------------------------------------------------------------------

  _connect() {
    this.onState("connecting");
    const socket = new WebSocket(this.nodes.socket(PATH), SUBPROTOCOL);
    this._socket = socket;
    this._online = false;
    this._bye = null;
    socket.onopen = () => this._hello();
    socket.onmessage = ({ data }) => this._socket === socket && this._receive(JSON.parse(data));
    socket.onclose = () => this._socket === socket && this._closed();
    this._listen(CONNECT_S);
  }

  _hello() {
    const hello = { type: "hello", token: this._token, language: this.language() };
    if (this._session) Object.assign(hello, { session: this._session, last_seq: this._seq });
    this._socket.send(JSON.stringify(hello));
  }

  _closed() {
    this._dropSocket();
    if (FINAL.has(this._bye)) {
      this._forgetSession();
      this._settleAll();
      return this.onState("ended", this._bye);
    }
    const more = this.nodes.failed(ENDING.has(this._bye));
    const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (more ? 0 : this._attempt++));
    this._retry = setTimeout(() => this._hurry(), ceiling * (0.5 + Math.random() / 2));
    return this.onState("waiting");
  }

  _hurry() {
    if (!this._retry) return;
    clearTimeout(this._retry);
    this._retry = null;
    this._connect();
  }

  _dropSocket() {
    for (const timer of [this._beat, this._silence, this._ackTimer]) clearTimeout(timer);
    this._ackTimer = null;
    const socket = this._socket;
    this._socket = null;
    this._online = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  _forgetSession() {
    this._session = null;
    this._seq = 0;
    this._acked = 0;
  }

  /** Whoever is silent for longer than this is gone: a closed laptop lid does not close a socket. */
  _listen(seconds) {
    clearTimeout(this._silence);
    this._silence = setTimeout(() => this._closed(), seconds * 1000);
  }

  // -- messages ----------------------------------------------------------------------------------------------------

  _receive(message) {
    if (this._heartbeat) this._listen(this._heartbeat * 2);
    switch (message.type) {
      case "welcome":
        return this._welcome(message);
      case "pong":
        this.nodes.learn(message.peers);
        return this._clock(message);
      case "bye":
        this._bye = message.code;
        return undefined;
      default:
        return this._numbered(message);
    }
  }

  _welcome(message) {
    this._heartbeat = message.heartbeat_s;
    this._listen(this._heartbeat * 2);
    this._online = true;
    this._attempt = 0;
    this.nodes.reached();
    this.nodes.learn(message.peers);
    this._clock(message);
    if (!message.resumed) {
      this._seq = 0;
      this._acked = 0;
      this._settleAll();
    }
    this._session = message.session;
    this._ping();
    this.onMessage(message);
    this.onState("online");
    for (const { frame } of this._pending.values()) this._socket.send(frame);
  }

  _ping() {
    this._beat = setTimeout(() => {
      this._send({ type: "ping" });
      this._ping();
    }, this._heartbeat * 1000);
  }

  _clock({ server_time_us }) {
    this.onClock(server_time_us / 1000 - Date.now());
  }

  _numbered(message) {
    const expected = this._seq + 1;
    if (message.seq < expected) return; // seen before
    if (message.seq > expected && message.type !== "snapshot") {
      this._forgetSession(); // something is lost: ask for everything anew
      return this._closed();
    }
    this._seq = message.seq;
    this._scheduleAck();
    if (message.type === "snapshot") this._settleAll();
    if (message.type === "done" || message.type === "leg_answer" || message.type === "refused") this._answer(message);
    else this.onMessage(message);
  }

  _answer(message) {
    const pending = this._pending.get(message.ref);
    this._pending.delete(message.ref);
    if (message.type === "refused") pending?.reject(new RequestError(message.code, message.message));
    else pending?.resolve(message);
  }

  _settleAll() {
    for (const { reject } of this._pending.values()) reject(new RequestError("unsettled", "the connection was renewed"));
    this._pending.clear();
  }

  _scheduleAck() {
    if (this._seq - this._acked >= ACK_AFTER_MESSAGES) this._ack();
    else this._ackTimer ??= setTimeout(() => this._ack(), ACK_AFTER_MS);
  }

  _ack() {
    clearTimeout(this._ackTimer);
    this._ackTimer = null;
    this._acked = this._seq;
    this._send({ type: "ack", seq: this._seq });
  }

  _send(message) {
    if (this._online) this._socket.send(JSON.stringify(message));
  }
}
