// Of several tabs of one agent in a browser, one is at work and has the audio; any other can take over.
//
// The one at work holds a lock that the browser gives back when the tab is closed or reloaded, so the next in line goes
// on by itself. Other browsers and machines are told apart by the server, which lets the newest connection win.

export class Tabs {
  /** `begin` starts the work in this tab, `leave` ends it without signing out: another tab goes on with it. */
  constructor({ begin, leave }) {
    this._begin = begin;
    this._leave = leave;
    this._turn = 0;
    this._release = null;
  }

  /** Work here as `agent`, at once if no other tab does, else when it is closed. Resolves with whether it is at once. */
  async enter(agent) {
    this._name = `jackfield.desk.${agent}`;
    if (!navigator.locks) return this._start(); // an address without TLS: the server alone decides
    if (await this._hold({ ifAvailable: true })) return true;
    this._hold({});
    return false;
  }

  /** Take the work over from the other tab. */
  take() {
    if (!navigator.locks) return this._start();
    return this._hold({ steal: true });
  }

  /** Signed out: the lock is free for whoever signs in next. */
  exit() {
    this._turn += 1;
    this._release?.();
    this._release = null;
  }

  _start() {
    this._begin();
    return true;
  }

  /** Resolves with whether the lock was given, as soon as that is known. */
  _hold(options) {
    const turn = ++this._turn;
    return new Promise((resolve) => {
      const held = (lock) => {
        if (turn !== this._turn || !lock) return resolve(false);
        this._start();
        resolve(true);
        return new Promise((release) => (this._release = release));
      };
      navigator.locks.request(this._name, options, held).catch((error) => {
        if (error.name !== "AbortError") throw error;
        // Another tab took the lock: be ready for when it is closed.
        if (turn !== this._turn) return;
        this._leave();
        this._hold({});
      });
    });
  }
}
