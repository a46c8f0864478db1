// The questions that an intervention asks before it is made.
import { label as titled, t } from "../../lib/i18n.js";
import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { problemText } from "../office.js";
import { byName, nameOf } from "../store.js";
import { reasonTitle } from "./agents.js";
import { Emergency } from "./emergency.js";
import { Export } from "./export.js";
import { titleOf } from "./queues.js";
import { Theirs, useRules } from "./rules.js";
import { Skills } from "./skills.js";
import { WhatIf } from "./what-if.js";

export function Dialogs(given) {
  const Kind = { presence: Presence, skills: Skills, move: Move, direct: Direct, cancel: Cancel, opening: Opening, queue: QueueSheet, assign: Assign, emergency: Emergency, export: Export }[given.asked.kind];
  return html`<${Kind} ...${given} />`;
}

/** A modal form; `act` gets the comment, and what it rejects with is shown. `of` says whom or what it is about. */
export function Sheet({ heading, of: subject, act, close, label, danger, ready = true, done, office, onError, children }) {
  const dialog = useRef(null);
  const [comment, setComment] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  useEffect(() => dialog.current.showModal(), []);
  const begun = useRef(false);
  useEffect(() => {
    // What is changed is often loaded first: until then there is but the comment to give the focus to.
    const first = !begun.current && dialog.current.querySelector("form :is(input, select):not([name=comment])");
    if (!first) return;
    begun.current = true;
    if (document.activeElement?.name === "comment" && !comment) first.focus();
  });
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const entries = await act(comment.trim());
      office.done(done, entries);
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

function Move({ asked: { items, queue: wanted, done }, office, state, close }) {
  const [{ medium }] = items;
  const one = items.length === 1 ? items[0] : null;
  const alike = items.every((item) => item.medium === medium);
  const queues = alike ? [...state.queues.values()].filter((each) => each.medium === medium && each.queue !== one?.queue) : [];
  const [queue, setQueue] = useState(queues.some((each) => each.queue === wanted) ? wanted : (queues[0]?.queue ?? ""));
  const move = async (comment) => {
    const { entries, refused } = await office.move(items.map(({ work_id }) => work_id), queue, comment);
    if (refused) office.tell(t("sheet.some_stayed", { count: refused }), "error");
    done?.();
    return entries;
  };
  return html`
    <${Sheet} heading=${t("sheet.move")} of=${one ? titleOf(state.queues.get(one.queue) ?? { queue: one.queue }) : t("chosen.count", { count: items.length })} label=${t("waiting.move")} ready=${Boolean(queue)} done=${t("sheet.move_done")} office=${office} close=${close} act=${move}>
      ${queues.length
        ? html`<label>${t("sheet.to_queue")}<select name="queue" value=${queue} onChange=${({ target }) => setQueue(target.value)}>${queues.map((each) => html`<option value=${each.queue} key=${each.queue}>${titleOf(each)}</option>`)}</select></label>`
        : html`<p>${t(alike ? "sheet.no_queue" : "sheet.mixed")}</p>`}
    </${Sheet}>
  `;
}

/** Agents to a queue or a team: what dragging asks, and what the keyboard does as well. */
function Assign({ asked: { agents, target }, office, state, close }) {
  const queues = [...state.queues.values()];
  const teams = [...new Set([...state.agents.values()].map(({ team }) => team))].sort();
  const [to, setTo] = useState(target?.team ? `team:${target.team}` : `queue:${target?.queue ?? queues[0]?.queue ?? ""}`);
  const [how, setHow] = useState("only");
  const [version, setVersion] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => void office.rules(agents[0]).then(({ version: now }) => setVersion(now), (error) => setProblem(problemText(error))), []);
  const [kind, name] = [to.slice(0, to.indexOf(":")), to.slice(to.indexOf(":") + 1)];
  const others = Object.fromEntries(queues.map(({ queue }) => [queue, queue === name ? 1 : 2]));
  const row = () => (kind === "team" ? { team: name } : { queues: { only: { [name]: 1 }, first: others, any: null }[how] });
  const act = (comment) => office.setRows(Object.fromEntries(agents.map((id) => [`agent:${id}`, row()])), version, comment);
  const who = agents.map((id) => nameOf(state.agents.get(id) ?? { agent_id: id })).join(", ");
  return html`
    <${Sheet} heading=${t("sheet.assign")} of=${who} label=${t("sheet.set")} ready=${version !== null} done=${t("sheet.assign_done", { who })} office=${office} close=${close} act=${act}>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <label>${t("sheet.to_where")}
        <select name="to" value=${to} onChange=${({ target: chosen }) => setTo(chosen.value)}>
          <optgroup label=${t("queues.heading")}>${queues.map((each) => html`<option value=${`queue:${each.queue}`} key=${each.queue}>${titleOf(each)}</option>`)}</optgroup>
          <optgroup label=${t("agents.teams")}>${teams.map((team) => html`<option value=${`team:${team}`} key=${team}>${titled(state.teams[team]) || team}</option>`)}</optgroup>
        </select>
      </label>
      ${kind === "queue" && html`
        <fieldset class="choices"><legend class="unseen">${t("sheet.how")}</legend>
          ${["only", "first", "any"].map((each) => html`
            <label key=${each}><input type="radio" name="how" value=${each} checked=${how === each} onChange=${() => setHow(each)} /><span>${t(`sheet.serve_${each}`)}</span></label>`)}
        </fieldset>`}
      <${WhatIf} state=${state} draft=${version === null ? null : { agents: agents.map((agent_id) => ({ agent_id, ...(kind === "team" ? { team: name } : { rules: row() }) })) }} />
    </${Sheet}>
  `;
}

/** Priority, promise and times of a queue. */
function QueueSheet({ asked: { queue }, office, state, close }) {
  const [form, setForm] = useState({});
  const take = (found) =>
    setForm({ priority: found.priority, seconds: found.threshold_us / 1e6, percent: Math.round(found.target * 100), offer: found.offer_timeout_us / 1e6, wrap_up: found.wrap_up_us / 1e6 });
  const { rules, theirs, load, conflict } = useRules(() => office.queueRules(queue.queue), take, (problem) => office.tell(problem, "error"));
  const act = (comment) => office.setQueue(queue.queue, rules.version, changedRules(rules, form), comment);
  const changes = rules ? Object.keys(changedRules(rules, form)) : [];
  const fits = Object.values(form).every((value) => value >= 0);
  const field = (name, low, high, step = 1) => html`
    <label>${t(`sheet.rule_${name}`)}<input type="number" name=${name} min=${low} max=${high} step=${step} required value=${form[name]} onInput=${({ target }) => setForm({ ...form, [name]: target.valueAsNumber })} /></label>`;
  return html`
    <${Sheet} heading=${t("sheet.queue")} of=${titleOf(queue)} label=${t("sheet.save")} ready=${Boolean(rules) && !theirs && changes.length > 0} done=${t("sheet.opening_done")} office=${office} close=${close} act=${act} onError=${conflict}>
      ${theirs && html`<${Theirs} changes=${theirs} load=${load} />`}
      ${rules ? html`<div class="pairs">${field("priority", 0, 1000)}${field("seconds", 1, 86400)}${field("percent", 0, 100)}${field("offer", 1, 600)}${field("wrap_up", 0, 3600)}</div>` : html`<p class="quiet-text">${t("customer.loading")}</p>`}
      <${WhatIf} state=${state} draft=${rules && fits && changes.length ? { queues: [{ queue: queue.queue, ...changedRules(rules, form) }] } : null} />
    </${Sheet}>
  `;
}

/** Only what was changed is sent: the rest may be edited by others meanwhile. */
function changedRules(rules, { priority, seconds, percent, offer, wrap_up }) {
  const us = (value) => Math.round(value * 1e6);
  const changes = {};
  if (priority !== rules.priority) changes.priority = priority;
  if (us(offer) !== rules.offer_timeout_us) changes.offer_timeout_us = us(offer);
  if (us(wrap_up) !== rules.wrap_up_us) changes.wrap_up_us = us(wrap_up);
  const same = us(seconds) === rules.threshold_us && percent === Math.round(rules.target * 100);
  if (!same) changes.service_level = { threshold_us: us(seconds), target: percent / 100 };
  return changes;
}

function Direct({ asked: { item, who: wanted }, office, state, close }) {
  const agents = byName(state.agents);
  const [who, setWho] = useState(wanted ?? (item.directed ? "" : (agents[0]?.agent_id ?? "")));
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

/** A queue that is closed or open whatever its hours say. */
function Opening({ asked: { queue }, office, state, close }) {
  const [opening, setOpening] = useState(queue.opening);
  // Whoever has chosen before the answer was there has chosen.
  const take = (found, again) => setOpening((chosen) => (chosen === queue.opening || again ? found.opening : chosen));
  const { rules, theirs, load, conflict } = useRules(() => office.queueRules(queue.queue), take, (problem) => office.tell(problem, "error"));
  return html`
    <${Sheet} heading=${t("sheet.opening")} of=${titleOf(queue)} label=${t("sheet.set")} danger=${opening === "closed"} ready=${Boolean(rules) && !theirs} done=${t("sheet.opening_done")} office=${office} close=${close}
      act=${(comment) => office.setQueue(queue.queue, rules.version, { opening }, comment)} onError=${conflict}>
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
