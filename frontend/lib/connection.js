// A WebSocket to one of the server's nodes that is opened again whenever it is lost, at another node when this one is gone.
import { Retry } from "./retry.js";

const LONGEST_PAUSE_MS = 15000;
// A host that is gone answers nothing: the next node is not kept waiting for it.
const CONNECT_S = 5;

export class Connection {
  /**
   * @param {object} options
   * @param {string} options.path
   * @param {string} [options.subprotocol]
   * @param {import("./nodes.js").Nodes} options.nodes
   * @param {() => object} options.hello what is said first, each time
   * @param {(message: object) => void} options.onMessage
   * @param {(closeCode?: number) => {final?: string, ending?: boolean}} options.onLost `final`: why it is not opened again;
   *   `ending`: the node said that it goes down
   * @param {(state: "connecting"|"online"|"waiting"|"ended", detail?: string) => void} options.onState
   */
  constructor({ path, subprotocol = [], nodes, hello, onMessage, onLost, onState }) {
    Object.assign(this, { path, subprotocol, nodes, hello, onMessage, onLost, onState });
    this.online = false;
    this._socket = null;
    this._retry = new Retry(() => this._connect(), { longestMs: LONGEST_PAUSE_MS });
    addEventListener("offline", () => this._socket && this.lost());
  }

  start() {
    this.stop();
    this._retry.reset();
    this._connect();
  }

  stop() {
    this._retry.cancel();
    this._drop();
  }

  /** The server knows who this is. `silentS`: who is silent for longer is gone, a closed laptop lid closes no socket. */
  welcomed(silentS) {
    this.online = true;
    this._silentS = silentS;
    this._listen();
    this._retry.reset();
    this.nodes.reached();
  }

  /** Said while online, and otherwise not at all. */
  send(message) {
    if (this.online) this._socket.send(JSON.stringify(message));
  }

  /** Begin anew, after a pause. */
  lost(closeCode) {
    this._drop();
    const { final, ending = false } = this.onLost(closeCode);
    if (final) return this.onState("ended", final);
    this._retry.later(this.nodes.failed(ending));
    return this.onState("waiting");
  }

  _connect() {
    this.onState("connecting");
    const socket = new WebSocket(this.nodes.socket(this.path), this.subprotocol);
    this._socket = socket;
    this._silentS = CONNECT_S;
    socket.onopen = () => socket.send(JSON.stringify(this.hello()));
    socket.onmessage = ({ data }) => this._received(JSON.parse(data));
    socket.onclose = ({ code }) => this.lost(code);
    this._listen();
  }

  _received(message) {
    this._listen();
    this.onMessage(message);
  }

  _listen() {
    clearTimeout(this._silence);
    this._silence = setTimeout(() => this.lost(), this._silentS * 1000);
  }

  _drop() {
    clearTimeout(this._silence);
    const socket = this._socket;
    this._socket = null;
    this.online = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
