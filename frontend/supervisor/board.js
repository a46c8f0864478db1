// The live board's WebSocket (docs/board-ws.md): a snapshot, then changes, and everything anew after each connection.
import { Connection } from "../lib/connection.js";
import { nodes } from "../lib/nodes.js";

// Heard nothing for so many beats: the connection is dead, whatever the browser thinks of it.
const SILENT_BEATS = 2.4;
const GOING_DOWN = 1001;
const FINAL = { 4401: "unauthorized", 4403: "not_supervisor" };

export class BoardClient {
  constructor({ onMessage, onState, onClock }) {
    Object.assign(this, { onMessage, onState, onClock });
    this._connection = new Connection({
      path: "/api/v1/board/ws",
      nodes,
      hello: () => ({ type: "hello", token: this._token }),
      onMessage: (message) => this._received(message),
      onLost: (code) => ({ final: FINAL[code], ending: code === GOING_DOWN }),
      onState,
    });
  }

  start(token) {
    this._token = token;
    this._connection.start();
  }

  stop() {
    this._connection.stop();
  }

  _received(message) {
    this.onClock(message.server_time_us / 1000 - Date.now());
    if (message.type === "welcome" || message.type === "beat") nodes.learn(message.peers);
    if (message.type === "welcome") {
      this._connection.welcomed((message.beat_us / 1e6) * SILENT_BEATS);
      this.onState("online");
    }
    this.onMessage(message);
  }
}
