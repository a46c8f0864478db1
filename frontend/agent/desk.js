// What the agent can do: every action of the page goes through here.
import { t, tCode } from "../lib/i18n.js";
import { forgetToken, signOut, storedToken } from "../lib/account.js";

const NOTICE_MS = 7000;

export class Desk {
  constructor({ client, store, phone, attention, devices, chats }) {
    Object.assign(this, { client, store, phone, attention, devices, chats });
  }

  signedIn(token) {
    this.store.dispatch({ type: "local/signed_out" });
    this.client.start(token);
  }

  /** Bring a chat to the front. */
  show(reservation_id) {
    this.store.dispatch({ type: "local/show", reservation_id });
  }

  goReady() {
    this.attention.unlock();
    this.attention.askPermission();
    this.phone.prepare();
    return this._ask("set_presence", { presence: "ready" });
  }

  goNotReady(reason) {
    return this._ask("set_presence", { presence: "not_ready", ...(reason ? { reason } : {}) });
  }

  async accept(reservation_id) {
    const offer = this.store.get().offers.find((each) => each.reservation_id === reservation_id);
    if ((await this._ask("accept", { reservation_id })) && offer?.medium === "chat") this.show(reservation_id);
  }

  reject(reservation_id) {
    return this._ask("reject", { reservation_id });
  }

  hangUp(reservation_id) {
    return this._ask("hang_up", { reservation_id });
  }

  hold(reservation_id, on) {
    return this._ask("hold", { reservation_id, on });
  }

  sendDigit(reservation_id, digit) {
    return this._ask("send_digit", { reservation_id, digit });
  }

  finishWrapUp(reservation_id, disposition, note) {
    const said = { ...(disposition ? { disposition } : {}), ...(note.trim() ? { note: note.trim() } : {}) };
    return this._ask("finish_wrap_up", { reservation_id, ...said });
  }

  mute(muted) {
    this.phone.mute(muted);
  }

  async signOut() {
    const token = storedToken();
    forgetToken();
    if (this.store.get().connection === "online") await this._ask("sign_out");
    this.phone.close();
    this.client.stop();
    if (token) await signOut(token);
    this.store.dispatch({ type: "local/signed_out" });
  }

  tell(notice) {
    this.store.dispatch({ type: "local/notice", notice });
  }

  /** Notices go by themselves; the agent need not tidy up. */
  sweep(state, before) {
    for (const { id } of state.notices)
      if (!before.notices.some((old) => old.id === id))
        setTimeout(() => this.store.dispatch({ type: "local/notice_gone", id }), NOTICE_MS);
  }

  async _ask(type, fields) {
    if (this.store.get().connection !== "online") {
      this.tell({ kind: "error", text: t("notice.not_connected") });
      return false;
    }
    try {
      await this.client.request(type, fields);
      return true;
    } catch (error) {
      // An unsettled request shows its result by itself: the page has just been told what holds.
      if (error.code !== "unsettled") this.tell({ kind: "error", text: tCode("refused", error.code, error.message) });
      return false;
    }
  }
}
