// What the agent can do: every action of the page goes through here.
import { t, tCode } from "../lib/i18n.js";
import { forgetToken, signOut, storedAgent, storedToken } from "../lib/account.js";
import { Tabs } from "./tabs.js";

const NOTICE_MS = 7000;

export class Desk {
  constructor({ client, store, phone, attention, devices, chats }) {
    Object.assign(this, { client, store, phone, attention, devices, chats });
    this.tabs = new Tabs({ begin: () => client.start(storedToken()), leave: () => this._elsewhere() });
  }

  signedIn() {
    this.store.dispatch({ type: "local/signed_out" });
    return this.enter();
  }

  /** Work in this tab, unless another one of this browser does. */
  async enter() {
    if (!(await this.tabs.enter(storedAgent()))) this._elsewhere();
  }

  /** Take the work over, from whichever window has it. */
  useHere() {
    return this.tabs.take();
  }

  _elsewhere() {
    this.client.stop();
    this.store.dispatch({ type: "local/connection", state: "ended", detail: "elsewhere" });
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

  /** What comes when the last work is over; null takes it back. */
  queuePresence(presence, reason) {
    return this._ask("queue_presence", { presence, ...(reason ? { reason } : {}) });
  }

  /** Take nothing new of exactly these media. */
  pauseMedia(media) {
    return this._ask("pause_media", { media });
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

  extendWrapUp(reservation_id, by_s) {
    return this._ask("extend_wrap_up", { reservation_id, by_s });
  }

  finishWrapUp(reservation_id, disposition, note) {
    const said = { ...(disposition ? { disposition } : {}), ...(note.trim() ? { note: note.trim() } : {}) };
    return this._ask("finish_wrap_up", { reservation_id, ...said });
  }

  /** At once by the microphone, and on the server, which keeps it over a reload. */
  mute(reservation_id, on) {
    this.phone.mute(on);
    return this._ask("mute", { reservation_id, on });
  }

  /** To `{agent}`, `{queue}` or `{number}`; `warm`: speak with them first. Gives what went wrong in words, or null. */
  async transfer(reservation_id, target, warm) {
    return this._wrong("transfer", { reservation_id, ...target, ...(warm ? { warm } : {}) });
  }

  /** Call the customer of a follow-up: an offer comes, and they are called as it is accepted. */
  async callBack(follow_up) {
    const wrong = await this._wrong("call_back", { follow_up }, "call_back_refused");
    if (wrong) this.tell({ kind: "error", text: wrong });
  }

  /** Be told to whom work of the medium can be handed on, with each change; null: no more. */
  async watchTargets(medium) {
    this.store.dispatch({ type: "local/targets", targets: null });
    try {
      await this.client.request("watch_targets", medium ? { medium } : {});
    } catch (error) {
      // Unsettled by a snapshot: it is asked for again after that.
      if (medium && error.code !== "unsettled") this.store.dispatch({ type: "local/targets", targets: { failed: true } });
    }
  }

  /** Keeps what is said from now on out of the recording, or goes on recording. */
  pauseRecording(reservation_id, on) {
    return this._ask("pause_recording", { reservation_id, on });
  }

  /** For so many minutes, or (null) as long as the queue allows. Gives what went wrong in words, or null. */
  async park(reservation_id, last, minutes) {
    const until = minutes === null ? {} : { until_us: (Date.now() + minutes * 60_000) * 1000 };
    return this._wrong("park", { reservation_id, last, ...until });
  }

  askSupervisor(reservation_id, on) {
    return this._ask("ask_supervisor", { reservation_id, on });
  }

  unpark(interaction_id) {
    return this._ask("unpark", { interaction_id });
  }

  completeTransfer(reservation_id) {
    return this._ask("complete_transfer", { reservation_id });
  }

  swap(reservation_id) {
    return this._ask("swap", { reservation_id });
  }

  conference(reservation_id) {
    return this._ask("conference", { reservation_id });
  }

  drop(reservation_id, party) {
    return this._ask("drop_party", { reservation_id, party });
  }

  /** The colleague goes, and the customer comes off hold. */
  async takeBack(reservation_id, party, held) {
    if ((await this.drop(reservation_id, party)) && held) await this.hold(reservation_id, false);
  }

  async signOut() {
    const token = storedToken();
    forgetToken();
    if (this.store.get().connection === "online") await this._ask("sign_out");
    this.phone.close();
    this.client.stop();
    this.tabs.exit();
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
    const wrong = await this._wrong(type, fields);
    if (wrong) this.tell({ kind: "error", text: wrong });
    return wrong === null;
  }

  /** What went wrong in words, "" when the page shows the result by itself, null when it is done. */
  async _wrong(type, fields, group = "refused") {
    if (this.store.get().connection !== "online") return t("notice.not_connected");
    try {
      await this.client.request(type, fields);
      return null;
    } catch (error) {
      // An unsettled request shows its result by itself: the page has just been told what holds.
      if (error.code === "unsettled") return "";
      const code = fields?.reservation_id && error.code === "not_connected" ? "not_in_call" : error.code;
      return tCode(group, code, tCode("refused", code, error.message));
    }
  }
}
