// Callbacks and messages that callers left: who sees to which, listening, and what came of it. For agents and supervisors.
import { storedToken } from "./account.js";
import { api, ApiError } from "./api.js";
import { Action, Ticking } from "./controls.js";
import { problemText, useDone } from "./follow-up-list.js";
import { inOrderOfNames, t, tCode } from "./i18n.js";
import { Icon } from "./icons.js";
import { queueName, steps } from "./names.js";
import { nodes } from "./nodes.js";
import { dateTime, duration } from "./time.js";
import { html, useEffect, useRef, useState } from "./ui.js";

const NOTE_LIMIT = 4000;
const ICONS = { callback: "phone", voicemail: "voicemail", message: "mail" };
const ALL = { state: "open", kind: "", queue: "", taken: "" };

/** How many are for this agent: one's own and those that nobody has. */
export const forMe = (items, me) => items.filter(({ taken_by }) => !taken_by || taken_by === me).length;

/**
 * `open`: the list that the store keeps; `me`: the own agent id, null for an account without; `agents`: to whom this
 * account may give one, as [id, name]; `callBack` has the customer called, where that can be done.
 */
export function FollowUps({ open, me, agents = [], tell, callBack = null }) {
  const [chosen, setChosen] = useState(ALL);
  const [finished, reload] = useDone(chosen.state === "done", open.done);
  const { items, problem, ready } = chosen.state === "done" ? finished : open;
  const queues = [...new Map(items.map((one) => [one.queue, queueName(one.queue, one.queue_title)]))].sort((a, b) => inOrderOfNames(a[1], b[1]));
  const shown = items.filter((one) => fits(one, chosen, me));
  const choose = (key) => ({ target }) => setChosen({ ...chosen, [key]: target.value });
  const done = chosen.state === "done";
  return html`
    <section class="card follow-ups" aria-labelledby="follow-ups-heading">
      <header class="follow-head">
        <h2 id="follow-ups-heading">${t("follow_ups.heading")} <span class="figures quiet-text">${shown.length}</span></h2>
        <div class="follow-filters" role="group" aria-label=${t("follow_ups.filter")}>
          <${Select} label=${t("follow_ups.state")} value=${chosen.state} change=${choose("state")} options=${[["open", t("follow_ups.open")], ["done", t("follow_ups.done")]]} />
          <${Select} label=${t("follow_ups.kind")} value=${chosen.kind} change=${choose("kind")} options=${[["", t("follow_ups.all_kinds")], ["callback", t("follow_ups.callback")], ["voicemail", t("follow_ups.voicemail")], ["message", t("follow_ups.message")]]} />
          <${Select} label=${t("follow_ups.queue")} value=${chosen.queue} change=${choose("queue")} options=${[["", t("follow_ups.all_queues")], ...queues]} />
          ${!done && html`<${Select} label=${t("follow_ups.taken")} value=${chosen.taken} change=${choose("taken")}
            options=${[["", t("follow_ups.anybody")], ...(me ? [["me", t("follow_ups.me")]] : []), ["nobody", t("follow_ups.nobody")]]} />`}
          ${done && problem && html`<button type="button" class="button follow-button" onClick=${reload}>${t("follow_ups.reload")}</button>`}
        </div>
      </header>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${ready && !problem && shown.length === 0 && html`<p class="quiet-text follow-none">${t(done ? "follow_ups.none_done" : "follow_ups.none")}</p>`}
      <ol class="follow-list">${shown.map((one) => html`<${FollowUp} key=${one.id} one=${one} me=${me} agents=${agents} tell=${tell} callBack=${callBack} />`)}</ol>
    </section>
  `;
}

function fits({ kind, queue, taken_by }, chosen, me) {
  if (chosen.kind && kind !== chosen.kind) return false;
  if (chosen.queue && queue !== chosen.queue) return false;
  if (chosen.state === "done" || !chosen.taken) return true;
  return chosen.taken === "me" ? taken_by === me : !taken_by;
}

function Select({ label, value, change, options }) {
  return html`
    <select class="follow-select" aria-label=${label} title=${label} value=${value} onChange=${change}>
      ${options.map(([name, text]) => html`<option value=${name} key=${name}>${text}</option>`)}
    </select>
  `;
}

function FollowUp({ one, me, agents, tell, callBack }) {
  const [closing, setClosing] = useState(false);
  const act = async (path, body, said) => {
    try {
      await api(`follow-ups/${one.id}/${path}`, { method: "POST", body });
      if (said) tell(said);
    } catch (error) {
      tell(problemText(error), "error");
    }
  };
  const give = (agent_id) => act("take", { agent_id, was: one.taken_by }, agent_id === me ? null : t("follow_ups.given"));
  const own = me && one.taken_by === me;
  const open = !one.done_at;
  const mayFinish = open && (own || !one.taken_by || agents.length > 0);
  return html`
    <li class=${`follow-up ${own ? "own" : ""}`} data-follow-up=${one.id}>
      <${Icon} name=${ICONS[one.kind] ?? "note"} />
      <div class="follow-what">
        <p>${one.name && html`<b><bdi>${one.name}</bdi></b> `}<b class="figures"><bdi>${one.number || t("follow_ups.no_number")}</bdi></b> <span>${queueName(one.queue, one.queue_title)}</span>
          <span class="quiet-text">${t(`follow_ups.${one.kind}`)}${one.duration_us !== null && html` · <span class="figures">${duration(one.duration_us / 1000)}</span>`}</span></p>
        <p class="follow-more">
          ${open
            ? html`<span title=${dateTime(one.created_at)}>${t("follow_ups.waits")} <${Ticking} since=${one.created_at / 1000} /></span>`
            : html`<span>${dateTime(one.created_at)} → ${dateTime(one.done_at)} · <bdi>${one.done_by}</bdi></span>`}
          ${one.path && html`<span class="quiet-text"><bdi>${steps(one.path)}</bdi></span>`}
          <span class="tag">${tCode("language", one.language)}</span>
          ${one.taken_by && html`<span class=${`tag ${own ? "good" : "strong"}`}>${own ? t("follow_ups.yours") : t("follow_ups.of", { who: one.taken_by_name })}</span>`}
        </p>
        ${one.text && html`<p class="follow-text"><bdi>${one.text}</bdi></p>`}
        ${one.note && html`<p class="follow-note"><bdi>${one.note}</bdi></p>`}
        ${one.kind === "voicemail" && html`<${Recording} id=${one.id} />`}
        ${closing && open && html`<${Closing} cancel=${() => setClosing(false)} act=${(note) => act("done", { note }, t("follow_ups.finished"))} />`}
      </div>
      ${open && html`
        <div class="follow-acts">
          ${callBack && one.number && one.kind !== "message" && (own || !one.taken_by) && html`<${Action} class="button follow-button" act=${() => callBack(one.id)}><${Icon} name="phone" />${t("follow_ups.call_back")}</${Action}>`}
          ${me && !one.taken_by && html`<${Action} class="button follow-button primary" act=${() => give(me)}>${t("follow_ups.take")}</${Action}>`}
          ${own && html`<${Action} class="button follow-button" act=${() => give(null)}>${t("follow_ups.put_back")}</${Action}>`}
          ${agents.length > 0 && html`
            <select class="follow-select" aria-label=${t("follow_ups.give")} title=${t("follow_ups.give")} value=${one.taken_by ?? ""} onChange=${({ target }) => give(target.value || null)}>
              <option value="">${t("follow_ups.nobody")}</option>
              ${withHolder(agents, one).map(([id, name]) => html`<option value=${id} key=${id}>${name}</option>`)}
            </select>`}
          ${mayFinish && html`<button type="button" class="button follow-button" aria-expanded=${closing} onClick=${() => setClosing(!closing)}>${t("follow_ups.finish")}</button>`}
        </div>`}
    </li>
  `;
}

/** Who has it is shown even when they are of another team. */
const withHolder = (agents, { taken_by, taken_by_name }) =>
  !taken_by || agents.some(([id]) => id === taken_by) ? agents : [...agents, [taken_by, taken_by_name]];

function Closing({ act, cancel }) {
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const field = useRef(null);
  useEffect(() => field.current.focus(), []);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    await act(note.trim());
    setBusy(false);
  };
  return html`
    <form class="follow-closing" onSubmit=${submit} onKeyDown=${(event) => event.key === "Escape" && !event.isComposing && cancel()}>
      <label>${t("follow_ups.note")}<textarea ref=${field} rows="2" maxlength=${NOTE_LIMIT} placeholder=${t("follow_ups.note_hint")} value=${note} onInput=${({ target }) => setNote(target.value)}></textarea></label>
      <div><button class="button follow-button primary" disabled=${busy} aria-busy=${busy}>${t("follow_ups.finish_now")}</button>
        <button type="button" class="button follow-button" onClick=${cancel}>${t("follow_ups.cancel")}</button></div>
    </form>
  `;
}

/** The player asks with the session's token, so the sound comes as a whole; the browser plays and seeks in it. */
function Recording({ id }) {
  const [sound, setSound] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => () => sound && URL.revokeObjectURL(sound), [sound]);
  const listen = async () => {
    try {
      const answer = await fetch(nodes.url(`/api/v1/follow-ups/${id}/recording`), { headers: { Authorization: `Bearer ${storedToken()}` } });
      if (!answer.ok) throw new ApiError(answer.status, {});
      setSound(URL.createObjectURL(await answer.blob()));
      setProblem(null);
    } catch (error) {
      setProblem(error instanceof ApiError ? t("follow_ups.no_recording") : t("sign_in.unreachable"));
    }
  };
  if (sound) return html`<audio class="follow-audio" controls autoplay src=${sound} aria-label=${t("follow_ups.recording")}></audio>`;
  return html`
    <p class="follow-listen"><${Action} class="button follow-button" act=${listen}><${Icon} name="play" />${t("follow_ups.listen")}</${Action}>
      ${problem && html` <span class="problem" role="alert">${problem}</span>`}</p>
  `;
}
