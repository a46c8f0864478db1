// The nodes of the server: a page was loaded from one, and goes to another by itself when that is gone. Every node takes
// the same token. docs/nodes.md says what a node is.

/** Which node is asked now (`at`, an origin), and which is next. `own` is an address of where the page comes from. */
export class Nodes {
  constructor(own) {
    this.at = this._own = new URL(own).origin;
    this._peers = [];
    this._tried = new Set();
    this._misses = 0;
  }

  /** What a node says of the others (URLs), in `welcome` and now and then. */
  learn(peers = []) {
    this._peers = peers.map((each) => new URL(each).origin);
  }

  /** It answers. */
  reached() {
    this._misses = 0;
    this._tried.clear();
  }

  /** It does not. It is tried once more, unless it said that it is ending; then the next one. False: every one was tried. */
  failed(ending = false) {
    const all = [...new Set([this.at, ...this._peers, this._own])];
    this._misses += 1;
    if (this._misses === 1 && !ending) return all.length > 1;
    this._tried.add(this.at);
    const next = all.find((each) => !this._tried.has(each));
    if (!next) this._tried.clear();
    this.at = next ?? all[1] ?? this.at;
    return Boolean(next);
  }

  /** A path at the node that is asked now. */
  url(path) {
    return new URL(path, this.at).href;
  }

  /** The same for a WebSocket. */
  socket(path) {
    return this.url(path).replace(/^http/, "ws");
  }
}

/** Those of this page; a widget on somebody else's page has its own. */
export const nodes = new Nodes(location.href);
