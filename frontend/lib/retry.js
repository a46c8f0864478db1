// When to try again what did not work: after pauses that grow, and at once when the network is back or somebody looks.
export class Retry {
  /** `again` is called when it is time, once for each `later`. */
  constructor(again, { firstMs = 400, longestMs }) {
    Object.assign(this, { _again: again, _firstMs: firstMs, _longestMs: longestMs, _timer: null });
    this.attempt = 0; // how many times in a row it has not worked
    addEventListener("online", () => this._now());
    document.addEventListener("visibilitychange", () => document.hidden || this._now());
  }

  get pending() {
    return this._timer !== null;
  }

  /** `elsewhere`: somebody else is asked next, who is not waited for longer than at first. */
  later(elsewhere = false) {
    const pause = Math.min(this._longestMs, this._firstMs * 2 ** (elsewhere ? 0 : this.attempt++));
    clearTimeout(this._timer);
    // Spread: not everybody whose server is gone comes at the same moment.
    this._timer = setTimeout(() => this._now(), pause * (0.5 + Math.random() / 2));
  }

  cancel() {
    clearTimeout(this._timer);
    this._timer = null;
  }

  /** It worked, or begins anew: the next pause is the first one. */
  reset() {
    this.attempt = 0;
  }

  _now() {
    if (!this.pending) return;
    this.cancel();
    this._again();
  }
}
