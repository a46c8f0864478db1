// The questions that an intervention asks before it is made.
import { t } from "../../lib/i18n.js";
import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { problemText } from "../office.js";
import { byName, nameOf } from "../store.js";
import { reasonTitle } from "./agents.js";
import { Export } from "./export.js";
import { titleOf } from "./queues.js";
import { Skills, Theirs } from "./skills.js";
import { WhatIf } from "./what-if.js";

export function Dialogs(given) {
  const Kind = { presence: Presence, skills: Skills, move: Move, direct: Direct, cancel: Cancel, opening: Opening, export: Export }[given.asked.kind];
  return html`<${Kind} ...${given} />`;
}

/** A modal form; `act` gets the comment, and what it rejects with is shown. `of` says whom or what it is about. */
export function Sheet({ heading, of: subject, act, close, label, danger, ready = true, done, office, onError, children }) {
  const dialog = useRef(null);
  const [comment, setComment] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  useEffect(() => dialog.current.showModal(), []);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await act(comment.trim());
      office.tell(done);
      close();
    } catch (error) {
      setBusy(false);
      if (!onError?.(error)) setProblem(problemText(error));
    }
  };
  return html`
    <dialog ref=${dialog} aria-labelledby="sheet-heading" onClose=${close} onClick=${({ target }) => target === dialog.current && close()}>
      <form onSubmit=${submit}>
        <h2 id="sheet-heading">${heading}</h2>
        <p class="quiet-text"><bdi>${subject}</bdi></p>
        ${children}
        <label>${t("sheet.comment")}<input name="comment" maxlength="1000" value=${comment} onInput=${({ target }) => setComment(target.value)} placeholder=${t("sheet.comment_hint")} /></label>
        <p class="problem" role="alert">${problem}</p>
        <footer class="sheet-acts">
          <button type="button" class="button" onClick=${close}>${t("sheet.cancel")}</button>
          <button class=${`button ${danger ? "danger" : "primary"}`} disabled=${busy || !ready} aria-busy=${busy}>${label}</button>
        </footer>
      </form>
    </dialog>
  `;
}

function Presence({ asked: { agent }, office, state, close }) {
  const [presence, setPresence] = useState(agent.presence === "ready" ? "not_ready" : "ready");
  const [reason, setReason] = useState("");
  return html`
    <${Sheet} heading=${t("sheet.presence")} of=${nameOf(agent)} label=${t("sheet.set")} done=${t("sheet.presence_done", { who: nameOf(agent) })} office=${office} close=${close}
      act=${(comment) => office.setPresence(agent.agent_id, presence, (presence === "not_ready" && reason) || null, comment)}>
      <fieldset class="choices"><legend class="unseen">${t("sheet.presence")}</legend>
        ${["ready", "not_ready", "offline"].map((name) => html`
          <label key=${name}><input type="radio" name="presence" value=${name} checked=${presence === name} onChange=${() => setPresence(name)} /><span>${t(`presence.${name}`)}</span></label>`)}
      </fieldset>
      ${presence === "not_ready" && html`
        <label>${t("presence.reasons")}
          <select name="reason" value=${reason} onChange=${({ target }) => setReason(target.value)}>
            <option value="">${t("presence.no_reason")}</option>
            ${Object.entries(state.reasons).map(([code, title]) => html`<option value=${code} key=${code}>${reasonTitle(code, title)}</option>`)}
          </select>
        </label>`}
      <${WhatIf} state=${state} draft=${presence === agent.presence ? null : { agents: [{ agent_id: agent.agent_id, presence }] }} />
    </${Sheet}>
  `;
}

function Move({ asked: { item }, office, state, close }) {
  const queues = [...state.queues.values()].filter((one) => one.medium === item.medium && one.queue !== item.queue);
  const [queue, setQueue] = useState(queues[0]?.queue ?? "");
  const from = state.queues.get(item.queue) ?? { queue: item.queue };
  return html`
    <${Sheet} heading=${t("sheet.move")} of=${titleOf(from)} label=${t("waiting.move")} ready=${Boolean(queue)} done=${t("sheet.move_done")} office=${office} close=${close}
      act=${(comment) => office.move(item.work_id, queue, comment)}>
      ${queues.length
        ? html`<label>${t("sheet.to_queue")}<select name="queue" value=${queue} onChange=${({ target }) => setQueue(target.value)}>${queues.map((one) => html`<option value=${one.queue} key=${one.queue}>${titleOf(one)}</option>`)}</select></label>`
        : html`<p>${t("sheet.no_queue")}</p>`}
    </${Sheet}>
  `;
}

function Direct({ asked: { item }, office, state, close }) {
  const agents = byName(state.agents);
  const [who, setWho] = useState(item.directed ? "" : (agents[0]?.agent_id ?? ""));
  return html`
    <${Sheet} heading=${t("sheet.direct")} of=${titleOf(state.queues.get(item.queue) ?? item)} label=${t("sheet.set")} ready=${Boolean(who || item.directed)} done=${t("sheet.direct_done")} office=${office} close=${close}
      act=${(comment) => office.direct(item.work_id, who || null, comment)}>
      <label>${t("sheet.to_agent")}
        <select name="agent" value=${who} onChange=${({ target }) => setWho(target.value)}>
          ${item.directed && html`<option value="">${t("sheet.to_all")}</option>`}
          ${agents.map((agent) => html`<option value=${agent.agent_id} key=${agent.agent_id}>${nameOf(agent)} · ${t(`presence.${agent.presence}`)}</option>`)}
        </select>
      </label>
    </${Sheet}>
  `;
}

/** A queue that is closed or open whatever its hours say. The second writer is told what the first one changed. */
function Opening({ asked: { queue }, office, state, close }) {
  const [rules, setRules] = useState(null);
  const [opening, setOpening] = useState(queue.opening);
  const [theirs, setTheirs] = useState(null);
  const load = async () => {
    const found = await office.queueRules(queue.queue);
    setRules(found);
    setOpening(found.opening);
    setTheirs(null);
  };
  useEffect(() => void load().catch((error) => office.tell(problemText(error), "bad")), []);
  const conflict = (error) => {
    if (error.code !== "changed_meanwhile") return false;
    setTheirs(error.problem.changes);
    return true;
  };
  return html`
    <${Sheet} heading=${t("sheet.opening")} of=${titleOf(queue)} label=${t("sheet.set")} danger=${opening === "closed"} ready=${Boolean(rules) && !theirs} done=${t("sheet.opening_done")} office=${office} close=${close}
      act=${(comment) => office.setOpening(queue.queue, rules.version, opening, comment)} onError=${conflict}>
      ${theirs && html`<${Theirs} changes=${theirs} load=${load} />`}
      <fieldset class="choices"><legend class="unseen">${t("sheet.opening")}</legend>
        ${["hours", "open", "closed"].map((name) => html`
          <label key=${name}><input type="radio" name="opening" value=${name} checked=${opening === name} onChange=${() => setOpening(name)} /><span>${t(`opening.${name}`)}</span></label>`)}
      </fieldset>
      <${WhatIf} state=${state} draft=${rules && opening !== rules.opening ? { queues: [{ queue: queue.queue, opening }] } : null} />
    </${Sheet}>
  `;
}

function Cancel({ asked: { item, agent }, office, state, close }) {
  const queue = titleOf(state.queues.get(item.queue) ?? { queue: item.queue });
  return html`
    <${Sheet} heading=${t("sheet.end")} of=${agent ? `${queue} · ${nameOf(agent)}` : queue} label=${t("sheet.end_sure")} danger=${true} done=${t("sheet.end_done")} office=${office} close=${close}
      act=${(comment) => office.cancel(item.work_id, comment)}>
      <p>${t(agent ? "sheet.end_held" : "sheet.end_waiting")}</p>
    </${Sheet}>
  `;
}
