// What a supervisor can do: every request of the page goes through here. What it changes, the board shows.
import { forgetToken, signOut, storedToken } from "../lib/account.js";
import { api, ApiError, apiSigned, download } from "../lib/api.js";
import { t, tCode } from "../lib/i18n.js";
import { randomName } from "../lib/random.js";

const NOTICE_MS = 6000;
const ACTION_MS = 12000;
const EXPLAINED = 20;
const AUDIT_PAGE = 50;
const ALERTS_PAGE = 20;

export class Office {
  constructor({ store, board }) {
    Object.assign(this, { store, board });
  }

  /** The agents of this moment, for what is not drawn anew with each change of them. */
  agents = () => this.store.get().agents;

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
    return signed(`agents/${encodeURIComponent(agent_id)}/presence`, { presence, reason, comment });
  }

  /** Several items; gives the entries of those that moved, and how many did not. */
  async move(work_ids, queue, comment) {
    const { items } = (await apiSigned("work/move", { body: { work_ids, queue, comment } })).answer;
    const [first] = items.filter(({ code }) => code);
    if (first && items.every(({ code }) => code)) throw new ApiError(409, { type: first.code, detail: first.message });
    return { entries: items.flatMap(({ entry }) => entry ?? []), refused: items.filter(({ code }) => code).length };
  }

  direct(work_id, agent_id, comment) {
    return signed(`work/${encodeURIComponent(work_id)}/direct`, { agent_id, comment });
  }

  pullBack(work_id, comment = "") {
    return signed(`work/${encodeURIComponent(work_id)}/pull-back`, { comment });
  }

  async cancel(work_id, comment) {
    await signed(`work/${encodeURIComponent(work_id)}/cancel`, { comment });
    return []; // nobody brings a customer back who was sent away
  }

  rules(agent_id) {
    return api(`agents/${encodeURIComponent(agent_id)}/rules`);
  }

  queueRules(queue) {
    return api(`queues/${encodeURIComponent(queue)}/rules`);
  }

  setQueue(queue, based_on, changes, comment) {
    return signed(`queues/${encodeURIComponent(queue)}/rules`, { based_on, ...changes, comment }, "PATCH");
  }

  /** Rows of agents and queues, as the site's files write them, all as one. */
  setRows(rows, based_on, comment) {
    return signed("rules", { based_on, rows, comment });
  }

  plans() {
    return api("plans");
  }

  savePlan(name, title, based_on, comment) {
    return signed(`plans/${name}`, { based_on, title, comment }, "PUT");
  }

  /** `verb`: apply, revert or drop. */
  plan(name, verb, body) {
    return signed(`plans/${encodeURIComponent(name)}/${verb}`, body);
  }

  /** Takes back what was done, the last first; says so, or why not. */
  async undo(entries, anyway = false) {
    for (const entry of [...entries].reverse())
      try {
        await signed(`audit/${entry}/undo`, { anyway });
      } catch (error) {
        const mayGoOn = error.code === "changed_meanwhile" && !anyway;
        const who = error.problem?.changes?.at(-1)?.by;
        const text = who ? t("undo.meanwhile", { who }) : problemText(error);
        this.tell(text, "error", mayGoOn ? { label: t("undo.rest"), act: () => this.undo([entry], true) } : undefined);
        return;
      }
    this.tell(t("undo.done"));
  }

  /** What was done, with the way back while it is fresh. */
  done(text, entries = []) {
    this.tell(text, "info", entries.length ? { label: t("undo.undo"), act: () => this.undo(entries) } : undefined);
  }

  /** Why this item waits; null for one that is beyond the first ones of its queue, or no longer waits. */
  async explain({ work_id, queue }) {
    const { work } = await api(`work?queue=${encodeURIComponent(queue)}&limit=${EXPLAINED}`);
    return work.find((each) => each.work_id === work_id)?.explanation ?? null;
  }

  /** Why an agent gets nothing now. */
  explainAgent(agent_id) {
    return api(`agents/${encodeURIComponent(agent_id)}/explanation`);
  }

  /** To whom an item was offered, and why. */
  explainOffers(work_id) {
    return api(`work/${encodeURIComponent(work_id)}/explanation?candidates=1`);
  }

  /** "acknowledge" or "done". */
  helpStep(reservation_id, step) {
    return api(`help/${encodeURIComponent(reservation_id)}/${step}`, { method: "POST" });
  }

  readChat(id, query) {
    return api(`chats/${encodeURIComponent(id)}?${query}`);
  }

  /** `what` is calls or chats, `mode` listen, whisper or barge. */
  listen(what, id, mode) {
    return api(`${what}/${encodeURIComponent(id)}/listener`, { method: "PUT", body: { mode } });
  }

  stopListening(what, id) {
    return api(`${what}/${encodeURIComponent(id)}/listener`, { method: "DELETE" });
  }

  sayInChat(id, text) {
    return post(`chats/${encodeURIComponent(id)}/messages`, { client_id: randomName(), text });
  }

  takeOver(what, id) {
    return post(`${what}/${encodeURIComponent(id)}/take-over`, {});
  }

  audit(before) {
    return api(`audit?limit=${AUDIT_PAGE}${before ? `&before=${before}` : ""}`);
  }

  /** The shards of the site, this one first, and this one's nodes. */
  async shards() {
    const [{ shards }, { nodes }] = await Promise.all([api("shards"), api("nodes")]);
    return { shards, nodes };
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

  /** A page of past and present interactions, newest first. */
  interactions(query) {
    return api(`interactions?${new URLSearchParams(query)}`);
  }

  interaction(id) {
    return api(`interactions/${encodeURIComponent(id)}`);
  }

  /** Somebody looks after it; the board then says who. */
  acknowledge(id) {
    return post(`alerts/${id}/acknowledge`);
  }

  /** A page of open and past alerts, newest first. */
  alerts(before) {
    return api(`alerts?limit=${ALERTS_PAGE}${before ? `&before=${before}` : ""}`);
  }

  /** docs/statistics.md, as a file for spreadsheets. */
  saveStatistics(query) {
    return download(`statistics?${new URLSearchParams({ ...query, format: "csv" })}`);
  }

  tell(text, kind = "info", action = undefined) {
    this.store.dispatch({ type: "local/notice", notice: { kind, text, action } });
  }

  /** Notices go by themselves. */
  sweep(state, before) {
    for (const { id, action } of state.notices)
      if (!before.notices.some((old) => old.id === id))
        setTimeout(() => this.store.dispatch({ type: "local/notice_gone", id }), action ? ACTION_MS : NOTICE_MS);
  }
}

/** The entries of the log that it made. */
async function signed(path, body, method = "POST") {
  const { entry } = await apiSigned(path, { method, body });
  return entry ? [entry] : [];
}

const post = (path, body) => api(path, { method: "POST", body });

/** Why a request had no effect, for people. */
export function problemText(error) {
  if (!(error instanceof ApiError)) return t("sign_in.unreachable");
  return tCode("intervention", error.code, error.message || error.code);
}
