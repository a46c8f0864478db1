// The agents' protocol (docs/agents-ws.md): connects, resumes, acknowledges, and matches requests with answers.
// It knows nothing of what the messages mean to the page.
import { Connection } from "../lib/connection.js";

const PATH = "/api/v1/agents/ws";
const SUBPROTOCOL = "jackfield.v1.json";
const ACK_AFTER_MS = 250;
const ACK_AFTER_MESSAGES = 32;
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
    Object.assign(this, { nodes, onMessage, onState, onClock });
    this._pending = new Map(); // ref -> {message, resolve, reject}
    this._nextRef = 1;
    this._refBase = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
    this._connection = new Connection({
      path: PATH,
      subprotocol: SUBPROTOCOL,
      nodes,
      hello: () => ({ type: "hello", token: this._token, language: language(), ...this._resumption() }),
      onMessage: (message) => this._receive(message),
      onLost: () => this._lost(),
      onState,
    });
    this._forgetSession();
  }

  start(token) {
    this.stop();
    this._token = token;
    this._connection.start();
  }

  stop() {
    this._connection.stop();
    this._rest();
    this._forgetSession();
    this._settleAll();
  }

  /** Resolves with the `done` or `leg_answer` message; rejects with a RequestError. */
  request(type, fields = {}) {
    const ref = `${this._refBase}-${this._nextRef++}`;
    const message = { type, ref, ...fields };
    return new Promise((resolve, reject) => {
      this._pending.set(ref, { message, resolve, reject });
      this._connection.send(message);
    });
  }

  /** Something that holds now and wants no answer; without a connection it is not said. */
  signal(type, fields) {
    this._connection.send({ type, ...fields });
  }

  // -- connection --------------------------------------------------------------------------------------------------

  _resumption() {
    return this._session ? { session: this._session, last_seq: this._seq } : {};
  }

  _lost() {
    const bye = this._bye;
    this._rest();
    if (!FINAL.has(bye)) return { ending: ENDING.has(bye) };
    this._forgetSession();
    this._settleAll();
    return { final: bye };
  }

  _rest() {
    clearInterval(this._beat);
    clearTimeout(this._ackTimer);
    this._ackTimer = null;
    this._bye = null;
  }

  _forgetSession() {
    this._session = null;
    this._seq = 0;
    this._acked = 0;
  }

  // -- messages ----------------------------------------------------------------------------------------------------

  _receive(message) {
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
    this._connection.welcomed(message.heartbeat_s * 2);
    this.nodes.learn(message.peers);
    this._clock(message);
    if (!message.resumed) {
      this._seq = 0;
      this._acked = 0;
      this._settleAll();
    }
    this._session = message.session;
    this._beat = setInterval(() => this._connection.send({ type: "ping" }), message.heartbeat_s * 1000);
    this.onMessage(message);
    this.onState("online");
    for (const pending of this._pending.values()) this._connection.send(pending.message);
  }

  _clock({ server_time_us }) {
    this.onClock(server_time_us / 1000 - Date.now());
  }

  _numbered(message) {
    const expected = this._seq + 1;
    if (message.seq < expected) return; // seen before
    if (message.seq > expected && message.type !== "snapshot") {
      this._forgetSession(); // something is lost: ask for everything anew
      return this._connection.lost();
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
    this._connection.send({ type: "ack", seq: this._seq });
  }
}
