// What waits, why still, and what can be done about it; what is served, and by whom.
import { Chunks } from "../../lib/chunks.js";
import { Action, Ticking } from "../../lib/controls.js";
import { label, language, t, tCode } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { html, memo, useMemo, useState } from "../../lib/ui.js";
import { problemText } from "../office.js";
import { expectedWait, inOrder, inService, nameOf, notTaken } from "../store.js";
import { toggled } from "./agents.js";
import { dragWork } from "./drag.js";
import { Due } from "./outlook.js";
import { about, MEDIA, titleOf } from "./queues.js";
import { ItemWhy, ruleText, useExplanation } from "./why.js";


export function Waiting({ office, state, titles, queue, clear, ask, drag }) {
  const [taken, setTaken] = useState(false); // what is served, instead of what waits
  const [text, setText] = useState("");
  const [chosen, choose] = useState(new Set());
  const wanted = text.trim().toLocaleLowerCase();
  const fits = (item) => (!queue || item.queue === queue) && (!wanted || [item.customer, item.channel, titles[item.queue], nameIn(state, item.agent_id)].some((part) => part?.toLocaleLowerCase().includes(wanted)));
  const waiting = useMemo(() => inOrder(state.work), [state.work]);
  const items = (taken ? inService(state.work) : waiting).filter(fits);
  const places = useMemo(() => placesOf(waiting), [waiting]);
  const title = (name) => titles[name] ?? name;
  const marked = waiting.filter(({ work_id }) => chosen.has(work_id));
  drag.workWith = (item) => (chosen.has(item.work_id) ? marked : [item]);
  const count = (wants) => [...state.work.values()].filter((item) => notTaken(item) === wants && (!queue || item.queue === queue)).length;
  return html`
    <section class="card sheet" aria-labelledby="waiting-heading">
      <h2><span id="waiting-heading" class="unseen">${t(taken ? "waiting.in_service" : "waiting.heading")}</span>
        <span class="switch" role="group" aria-label=${t("waiting.shown")}>
          <button type="button" aria-pressed=${!taken} onClick=${() => setTaken(false)}>${t("waiting.heading")} <span class="figures">${count(true)}</span></button>
          <button type="button" aria-pressed=${taken} onClick=${() => setTaken(true)}>${t("waiting.in_service")} <span class="figures">${count(false)}</span></button></span>
        ${queue && html`<button type="button" class="tag strong" onClick=${clear} aria-label=${t("waiting.all", { queue: title(queue) })}>${title(queue)}<${Icon} name="cross" /></button>`}</h2>
      <div class="filters" role="search" aria-label=${t("waiting.filter")}>
        <input type="search" name="item" placeholder=${t("waiting.search")} aria-label=${t("waiting.search")} value=${text} onInput=${({ target }) => setText(target.value)} />
      </div>
      ${marked.length > 0 && html`
        <p class="marked" role="status"><b>${t("chosen.count", { count: marked.length })}</b>
          <button type="button" class="button small" onClick=${() => ask({ kind: "move", items: marked, done: () => choose(new Set()) })}>${t("chosen.move")}</button>
          <button type="button" class="link" onClick=${() => choose(new Set())}>${t("chosen.none")}</button></p>`}
      ${items.length === 0 && html`<p class="quiet-text none">${t(taken ? "waiting.nobody_served" : "waiting.none")}</p>`}
      <${Chunks} rows=${items} rowHeight=${66} draw=${(rows) => html`
        <ol class="items">
          ${rows.map((item) => (taken
            ? html`<${Served} key=${item.work_id} item=${item} title=${titles[item.queue] ?? item.queue} who=${nameIn(state, item.agent_id)} channel=${channelOf(state, item)} office=${office} ask=${ask} speech=${language()} />`
            : html`<${Item} key=${item.work_id} item=${item} place=${places.get(item.work_id)} wait=${about(expectedWait(state.queues.get(item.queue), places.get(item.work_id)))} title=${titles[item.queue] ?? item.queue} offered=${nameIn(state, item.offered_to)} kept=${nameIn(state, item.directed)} channel=${channelOf(state, item)} office=${office} skills=${state.skills} agents=${office.agents} ask=${ask} marked=${chosen.has(item.work_id)} choose=${choose} drag=${drag} speech=${language()} />`))}
        </ol>`} />
    </section>
  `;
}

const nameIn = (state, id) => (id ? nameOf(state.agents.get(id) ?? { agent_id: id }) : "");

const channelOf = (state, { channel }) => (state.channels.has(channel) ? titleOf(state.channels.get(channel)) : channel);

/** Who it is, by what way they came, and how far the rings of the queue are. */
function Marks({ item: { customer, ring }, channel }) {
  return html`
    ${customer && html`<span class="tag"><${Icon} name="person" /><bdi>${customer}</bdi></span>`}
    ${channel && html`<span class="tag">${channel}</span>`}
    ${ring > 0 && html`<span class="tag" title=${t("waiting.ring_hint")}>${t("waiting.ring", { ring })}</span>`}
  `;
}

const Served = memo(({ item, title, who, channel, office, ask }) => {
  const [open, setOpen] = useState(false);
  const { work_id, medium, state: stage, agent_id, since, queued_at } = item;
  const of = (act) => t("act.of", { act, what: `${title}, ${who}` });
  return html`
    <li data-work=${work_id}>
      <div class="item">
        <${Icon} name=${MEDIA[medium] ?? "note"} />
        <div class="item-what">
          <p><b>${title}</b> <span class="quiet-text">${t(`held.${stage}`)} <${Ticking} since=${(since ?? queued_at) / 1000} /></span></p>
          <p class="tags"><span class="tag strong">${who}</span><${Marks} item=${item} channel=${channel} /></p>
        </div>
        <div class="item-acts"><button type="button" class="button small" aria-label=${of(t("item_why.why"))} aria-expanded=${open} onClick=${() => setOpen(!open)}>${t("item_why.why")}</button>
          <button type="button" class="button small quiet bad" aria-label=${of(t("waiting.end"))} onClick=${() => ask({ kind: "cancel", item, agent: { agent_id, display_name: who } })}>${t("waiting.end")}</button></div>
      </div>
      ${open && html`<${ItemWhy} item=${item} office=${office} />`}
    </li>
  `;
});

/** The place in its queue of each item that waits; one that is being offered has none. */
function placesOf(items) {
  const counts = new Map();
  const places = new Map();
  for (const { work_id, queue, state } of items) {
    if (state !== "waiting") continue;
    counts.set(queue, (counts.get(queue) ?? 0) + 1);
    places.set(work_id, counts.get(queue));
  }
  return places;
}

const Item = memo(({ item, place, wait, title, offered, kept, channel, office, skills, agents, ask, marked, choose, drag }) => {
  const [open, setOpen] = useState(false);
  const { work_id, medium, queued_at, requirements, attempts, offered_to, directed } = item;
  const name = (id) => nameOf(agents().get(id) ?? { agent_id: id });
  const what = `${title}, ${item.customer || place || ""}`;
  const of = (act) => t("act.of", { act, what });
  const pull = () => office.pullBack(work_id).then(() => office.tell(t("waiting.pulled")), (error) => office.tell(problemText(error), "error"));
  return html`
    <li data-work=${work_id} draggable="true" ...${dragWork(item, drag)}>
      <div class="item">
        <input type="checkbox" checked=${marked} aria-label=${t("chosen.choose", { what })} onChange=${() => choose((before) => toggled(before, work_id))} />
        <span class="place figures" title=${t("waiting.place")}>${place ?? "·"}</span>
        <${Icon} name=${MEDIA[medium] ?? "note"} />
        <div class="item-what">
          <p><b>${title}</b> <span class="waited"><${Ticking} since=${queued_at / 1000} /></span>${wait !== "–" && html` <span class="quiet-text">${t("waiting.expected", { wait })}</span>`}</p>
          <p class="tags">
            <${Due} item=${item} /><${Marks} item=${item} channel=${channel} />
            ${offered_to && html`<span class="tag strong">${t("waiting.offered", { who: offered })}</span>`}
            ${directed && html`<span class="tag strong">${t("waiting.directed", { who: kept })}</span>`}
            ${Object.entries(requirements).map(([skill, minimum]) => html`<span class="tag" key=${skill}>${label(skills[skill]) || skill} <b>${minimum}+</b></span>`)}
            ${attempts > 1 && html`<span class="tag">${t("offer.attempt", { attempt: attempts })}</span>`}
          </p>
        </div>
        <div class="item-acts">
          <button type="button" class="button small" aria-label=${of(t("waiting.why"))} aria-expanded=${open} onClick=${() => setOpen(!open)}>${t("waiting.why")}</button>
          <button type="button" class="button small" aria-label=${of(t("waiting.move"))} onClick=${() => ask({ kind: "move", items: [item] })}>${t("waiting.move")}</button>
          <button type="button" class="button small" aria-label=${of(t("waiting.direct"))} onClick=${() => ask({ kind: "direct", item })}>${t("waiting.direct")}</button>
          ${(offered_to || directed) && html`<${Action} class="button small" aria-label=${of(t("waiting.pull"))} title=${t("waiting.pull_hint")} act=${pull}>${t("waiting.pull")}</${Action}>`}
          <button type="button" class="button small quiet bad" aria-label=${of(t("waiting.end"))} onClick=${() => ask({ kind: "cancel", item })}>${t("waiting.end")}</button>
        </div>
      </div>
      ${open && html`<${WhyNot} item=${item} office=${office} name=${name} skills=${skills} />`}
    </li>
  `;
});

/** The reasons change with agents, items and queues. */
function WhyNot({ item, office, name, skills }) {
  const found = useExplanation(office, () => office.explain(item), `${item.work_id} ${item.queue}`);
  if (found.busy) return html`<p class="why-not quiet-text">${t("customer.loading")}</p>`;
  if (found.problem) return html`<p class="why-not problem">${found.problem}</p>`;
  if (!found.answer) return html`<p class="why-not quiet-text">${t("waiting.not_explained")}</p>`;
  const { failed, candidates } = found.answer;
  return html`
    <div class="why-not">
      <p class="tags">
        ${Object.entries(failed).map(([rule, count]) => html`<span class="tag" key=${rule}><b class="figures">${count}</b> ${tCode("rule", rule)}</span>`)}
        ${candidates.some((one) => !one.failed) && html`<span class="tag good">${t("waiting.may_take")}</span>`}
      </p>
      <ul>
        ${candidates.map(({ agent_id, failed: rule, detail }) => html`
          <li key=${agent_id}><bdi>${name(agent_id)}</bdi> ${rule ? html`<span class="quiet-text">${ruleText(rule, detail, skills)}</span>` : html`<span class="tag good">${t("waiting.may_take")}</span>`}</li>`)}
      </ul>
    </div>
  `;
}
