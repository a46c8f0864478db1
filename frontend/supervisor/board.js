// The live board's WebSocket (docs/board-ws.md): a snapshot, then changes, and everything anew after each connection.
import { nodes } from "../lib/nodes.js";

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 10000;
// Heard nothing for so many beats: the connection is dead, whatever the browser thinks of it.
const SILENT_BEATS = 2.4;
const GOING_DOWN = 1001;
const FINAL = { 4401: "unauthorized", 4403: "not_supervisor" };

export class BoardClient {
  constructor({ onMessage, onState, onClock }) {
    Object.assign(this, { onMessage, onState, onClock });
    this._socket = null;
    this._retry = null;
    this._attempt = 0;
    this._patience = null;
    this._beatMs = 5000;
    addEventListener("online", () => this._hurry());
    addEventListener("offline", () => this._socket && this._closed());
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
    this._drop();
  }

  _connect() {
    this.onState("connecting");
    const socket = new WebSocket(nodes.socket("/api/v1/board/ws"));
    this._socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", token: this._token }));
    socket.onmessage = ({ data }) => this._received(JSON.parse(data));
    socket.onclose = ({ code }) => this._closed(code);
    this._listen();
  }

  _received(message) {
    this.onClock(message.server_time_us / 1000 - Date.now());
    if (message.type === "welcome" || message.type === "beat") nodes.learn(message.peers);
    if (message.type === "welcome") {
      nodes.reached();
      this._beatMs = message.beat_us / 1000;
      this._attempt = 0;
      this.onState("online");
    }
    this._listen();
    this.onMessage(message);
  }

  _listen() {
    clearTimeout(this._patience);
    this._patience = setTimeout(() => this._closed(), this._beatMs * SILENT_BEATS);
  }

  _closed(code) {
    this._drop();
    if (FINAL[code]) return this.onState("ended", FINAL[code]);
    this.onState("waiting");
    const more = nodes.failed(code === GOING_DOWN);
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (more ? 0 : this._attempt++));
    this._retry = setTimeout(() => this._hurry(), pause * (0.5 + Math.random() / 2));
    return undefined;
  }

  _hurry() {
    if (!this._retry) return;
    clearTimeout(this._retry);
    this._retry = null;
    this._connect();
  }

  _drop() {
    const socket = this._socket;
    this._socket = null;
    clearTimeout(this._patience);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
