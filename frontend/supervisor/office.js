// What a supervisor can do: every request of the page goes through here. What it changes, the board shows.
import { forgetToken, signOut, storedToken } from "../lib/account.js";
import { api, ApiError, download } from "../lib/api.js";
import { t, tCode } from "../lib/i18n.js";

const NOTICE_MS = 6000;
const EXPLAINED = 20;
const AUDIT_PAGE = 50;
const ALERTS_PAGE = 20;

export class Office {
  constructor({ store, board }) {
    Object.assign(this, { store, board });
  }

  signedIn(token) {
    this.store.dispatch({ type: "local/signed_out" });
    this.board.start(token);
  }

  async signOut() {
    const token = storedToken();
    forgetToken();
    this.board.stop();
    if (token) await signOut(token);
    this.store.dispatch({ type: "local/signed_out" });
  }

  setPresence(agent_id, presence, reason, comment) {
    return post(`agents/${encodeURIComponent(agent_id)}/presence`, { presence, reason, comment });
  }

  move(work_id, queue, comment) {
    return post(`work/${encodeURIComponent(work_id)}/move`, { queue, comment });
  }

  direct(work_id, agent_id, comment) {
    return post(`work/${encodeURIComponent(work_id)}/direct`, { agent_id, comment });
  }

  cancel(work_id, comment) {
    return post(`work/${encodeURIComponent(work_id)}/cancel`, { comment });
  }

  rules(agent_id) {
    return api(`agents/${encodeURIComponent(agent_id)}/rules`);
  }

  queueRules(queue) {
    return api(`queues/${encodeURIComponent(queue)}/rules`);
  }

  setOpening(queue, based_on, opening, comment) {
    return api(`queues/${encodeURIComponent(queue)}/rules`, { method: "PATCH", body: { based_on, opening, comment } });
  }

  setSkills(agent_id, based_on, skills, comment) {
    return api(`agents/${encodeURIComponent(agent_id)}/skills`, { method: "PUT", body: { based_on, skills, comment } });
  }

  /** Why this item waits; null for one that is beyond the first ones of its queue, or no longer waits. */
  async explain({ work_id, queue }) {
    const { work } = await api(`work?queue=${encodeURIComponent(queue)}&limit=${EXPLAINED}`);
    return work.find((each) => each.work_id === work_id)?.explanation ?? null;
  }

  audit(before) {
    return api(`audit?limit=${AUDIT_PAGE}${before ? `&before=${before}` : ""}`);
  }

  wallboards() {
    return api("wallboards");
  }

  /** The new link, and the path of its address. */
  makeWallboard(wanted) {
    return post("wallboards", wanted);
  }

  nameWallboard(id, name) {
    return api(`wallboards/${id}`, { method: "PATCH", body: { name } });
  }

  revokeWallboard(id) {
    return api(`wallboards/${id}`, { method: "DELETE" });
  }

  /** Somebody looks after it; the board then says who. */
  acknowledge(id) {
    return post(`alerts/${id}/acknowledge`);
  }

  /** A page of open and past alerts, newest first. */
  alerts(before) {
    return api(`alerts?limit=${ALERTS_PAGE}${before ? `&before=${before}` : ""}`);
  }

  /** Rows of docs/statistics.md. */
  async statistics(query) {
    return (await api(`statistics?${new URLSearchParams(query)}`)).rows;
  }

  /** The same as a file for spreadsheets. */
  saveStatistics(query) {
    return download(`statistics?${new URLSearchParams({ ...query, format: "csv" })}`);
  }

  tell(text, kind = "info") {
    this.store.dispatch({ type: "local/notice", notice: { kind, text } });
  }

  /** Notices go by themselves. */
  sweep(state, before) {
    for (const { id } of state.notices)
      if (!before.notices.some((old) => old.id === id))
        setTimeout(() => this.store.dispatch({ type: "local/notice_gone", id }), NOTICE_MS);
  }
}

const post = (path, body) => api(path, { method: "POST", body });

/** Why a request had no effect, for people. */
export function problemText(error) {
  if (!(error instanceof ApiError)) return t("sign_in.unreachable");
  return tCode("intervention", error.code, error.message);
}
