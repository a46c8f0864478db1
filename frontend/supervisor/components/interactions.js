// What was: interactions by time, queue and agent, what was noted and said, and the recording of a call.
import { Action } from "../../lib/controls.js";
import { DateField } from "../../lib/date-field.js";
import { inOrderOfNames, t, tCode } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { RecordedCall } from "../../lib/recording.js";
import { steps } from "../../lib/names.js";
import { dateTime, duration } from "../../lib/time.js";
import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { problemText } from "../office.js";
import { byName, nameOf } from "../store.js";
import { titleOf } from "./queues.js";

const ICONS = { voice: "phone", chat: "chat", email: "mail" };
const ALL = { from: "", until: "", queue: "", agent: "", recorded: false };
const COLUMNS = 8;

export function Interactions({ office, state }) {
  const [wanted, setWanted] = useState(ALL);
  const [list, setList] = useState({ items: [], next: null, problem: null, ready: false });
  const turn = useRef(0);
  const load = async (before) => {
    const mine = ++turn.current; // an answer may be overtaken by that to a later search
    try {
      const page = await office.interactions(queryOf(wanted, before));
      if (mine !== turn.current) return;
      setList((old) => ({ items: before ? [...old.items, ...page.items] : page.items, next: page.next, problem: null, ready: true }));
    } catch (error) {
      if (mine === turn.current) setList((old) => ({ ...old, problem: problemText(error), ready: true }));
    }
  };
  useEffect(() => void load(null), [wanted]);
  return html`
    <section class="card sheet" aria-labelledby="interactions-heading">
      <h2 id="interactions-heading">${t("supervisor.interactions")} <${Action} class="button small" act=${() => load(null)}>${t("audit.reload")}</${Action}></h2>
      <${Search} state=${state} wanted=${wanted} change=${(change) => setWanted({ ...wanted, ...change })} />
      ${list.problem && html`<p class="problem" role="alert">${list.problem}</p>`}
      ${list.ready && !list.problem && list.items.length === 0 && html`<p class="quiet-text none">${t("interactions.none")}</p>`}
      <div class="scroll" tabindex="0" role="group" aria-labelledby="interactions-heading">
        ${list.items.length > 0 && html`
          <table class="interactions">
            <thead><tr><th scope="col">${t("audit.when")}</th><th scope="col">${t("queues.queue")}</th><th scope="col">${t("field.agent_id")}</th><th scope="col">${t("field.outcome")}</th><th scope="col" class="number">${t("interactions.wait")}</th><th scope="col" class="number">${t("interactions.talk")}</th><th scope="col">${t("recording.heading")}</th><th scope="col"><span class="unseen">${t("customer.more")}</span></th></tr></thead>
            <tbody>${list.items.map((one) => html`<${Row} key=${one.id} one=${one} state=${state} office=${office} />`)}</tbody>
          </table>`}
      </div>
      ${list.next && html`<p class="none"><${Action} class="button" act=${() => load(list.next)}>${t("audit.older")}</${Action}></p>`}
    </section>
  `;
}

function Search({ state, wanted, change }) {
  const queues = [...state.queues.values()].map((queue) => [queue.queue, titleOf(queue)]).sort((a, b) => inOrderOfNames(a[1], b[1]));
  const agents = byName(state.agents).map((agent) => [agent.agent_id, nameOf(agent)]);
  const set = (key) => ({ target }) => change({ [key]: target.value });
  return html`
    <form class="interactions-search" role="search" aria-label=${t("interactions.search")} onSubmit=${(event) => event.preventDefault()}>
      <${DateField} time name="from" label=${t("interactions.from")} value=${wanted.from} onValue=${(from) => change({ from })} />
      <${DateField} time name="until" label=${t("interactions.until")} value=${wanted.until} onValue=${(until) => change({ until })} />
      <label>${t("queues.queue")}<${Choice} value=${wanted.queue} change=${set("queue")} all=${t("follow_ups.all_queues")} options=${queues} /></label>
      <label>${t("field.agent_id")}<${Choice} value=${wanted.agent} change=${set("agent")} all=${t("interactions.all_agents")} options=${agents} /></label>
      <label class="check"><input type="checkbox" checked=${wanted.recorded} onChange=${({ target }) => change({ recorded: target.checked })} />${t("interactions.recorded")}</label>
    </form>
  `;
}

function Choice({ value, change, all, options }) {
  return html`
    <select value=${value} onChange=${change}>
      <option value="">${all}</option>
      ${options.map(([id, text]) => html`<option value=${id} key=${id}>${text}</option>`)}
    </select>
  `;
}

/** `before` is where the next page begins; else the end of the time that is looked at. */
function queryOf({ from, until, queue, agent, recorded }, before) {
  const micros = (local) => String(new Date(local).getTime() * 1000);
  const query = { ...(queue && { queue }), ...(agent && { agent }), ...(recorded && { recorded: "yes" }) };
  if (from) query.since = micros(from);
  if (before ?? until) query.before = before ?? micros(until);
  return query;
}

function Row({ one, state, office }) {
  const [open, setOpen] = useState(false);
  const queue = state.queues.get(one.queue);
  const agent = state.agents.get(one.agent_id);
  const long = (us) => (us === null ? "–" : duration(us / 1000));
  return html`
    <tr>
      <td class="figures"><${Icon} name=${ICONS[one.medium] ?? "note"} /> ${dateTime(one.opened_at)}</td>
      <td><bdi>${queue ? titleOf(queue) : (one.queue ?? one.channel)}</bdi></td>
      <td><bdi>${agent ? nameOf(agent) : (one.agent_id ?? "–")}</bdi></td>
      <td>${one.outcome ? tCode("outcome", one.outcome) : "–"}</td>
      <td class="number figures">${long(one.wait_us)}</td>
      <td class="number figures">${long(one.talk_us)}</td>
      <td>${one.recording && html`<span class="tag"><${Icon} name="record" />${t(`recording_state.${one.recording}`)}</span>`}</td>
      <td><button type="button" class="link" aria-expanded=${open} onClick=${() => setOpen(!open)}>${t(open ? "customer.less" : "customer.more")}</button></td>
    </tr>
    ${open && html`<tr class="opened"><td colspan=${COLUMNS}><${Opened} one=${one} office=${office} /></td></tr>`}
  `;
}

/** The recording, what agents noted, what the menu collected, and what was written. */
function Opened({ one, office }) {
  const [found, setFound] = useState({ view: null, problem: null });
  useEffect(() => {
    office.interaction(one.id).then(
      (view) => setFound({ view, problem: null }),
      (error) => setFound({ view: null, problem: problemText(error) }),
    );
  }, [one.id]);
  const { view, problem } = found;
  if (problem) return html`<p class="problem" role="alert">${problem}</p>`;
  if (!view) return html`<p class="quiet-text">${t("customer.loading")}</p>`;
  const called = (agent_id) => nameOf(office.agents().get(agent_id) ?? { agent_id });
  const data = Object.entries(view.data);
  const nothing = !one.recording && !view.notes.length && !view.messages.length && !data.length;
  return html`
    <div class="opened-parts">
      ${one.recording && html`<${RecordedCall} interaction=${one.id} />`}
      ${view.notes.map(({ agent_id, text, at }) => html`<p key=${at}><b><bdi>${called(agent_id)}</bdi></b> <bdi>${text}</bdi></p>`)}
      ${data.map(([name, value]) => html`<p key=${name}><span class="quiet-text">${tCode("data", name, name.replaceAll("_", " "))}</span> <bdi>${steps(value)}</bdi></p>`)}
      ${view.messages.length > 0 && html`<ol class="opened-lines">${view.messages.map(({ number, name, agent_id, text }) => html`<li key=${number}><b><bdi>${agent_id ? called(agent_id) : name}</bdi></b> <bdi>${text}</bdi></li>`)}</ol>`}
      ${nothing && html`<p class="quiet-text">${t("customer.nothing")}</p>`}
    </div>
  `;
}
