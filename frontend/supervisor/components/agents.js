// Agents: presence and how long, what they hold, what they can do. Found, filtered, sorted, chosen and dragged.
import { Chunks } from "../../lib/chunks.js";
import { Ticking } from "../../lib/controls.js";
import { label, language, t, tCode } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { duration, useNow } from "../../lib/time.js";
import { html, memo, useMemo, useRef, useState } from "../../lib/ui.js";
import { byName, nameOf } from "../store.js";
import { AlertMarks, bySubject } from "./alerts.js";
import { dragAgents, droppable } from "./drag.js";
import { Today } from "./outlook.js";
import { MEDIA } from "./queues.js";
import { AgentWhy } from "./why.js";

const NEAR = 0.8; // of the time after which a presence is told
const AGE_EVERY_MS = 5000;
const NONE = [];
const talking = ({ held }) => held?.some(({ state }) => state === "connected" || state === "accepted");
const gone = ({ presence, held }) => presence === "offline" && !held?.length;
const PRESENCES = {
  here: (agent) => !gone(agent),
  ready: ({ presence }) => presence === "ready",
  not_ready: ({ presence }) => presence === "not_ready",
  talking,
  offline: ({ presence }) => presence === "offline",
};
const ORDERS = {
  name: () => 0,
  since: (agent) => agent.since || Infinity,
  load: (agent) => (agent.capacity ? -agent.load / agent.capacity : 0),
  occupancy: ({ today }) => -(today?.occupancy ?? -1),
  missed: ({ today }) => -(today?.missed ?? 0),
};

export function Agents({ office, state, titles, ask, chosen, choose, drag }) {
  const [filter, setFilter] = useState({ team: "", presence: "", skill: "", text: "", order: "name" });
  const found = useMemo(() => arranged(state.agents, filter, state), [state.agents, filter, state.teams, state.skills, language()]);
  const alerts = useMemo(() => bySubject(state.alerts, "agent"), [state.alerts]);
  const { teams, skills } = useChoices(state.agents);
  const marked = [...chosen].filter((id) => state.agents.has(id));
  return html`
    <section class="card sheet" aria-labelledby="agents-heading">
      <h2 id="agents-heading">${t("agents.heading")} <span class="figures count">${found.length}</span></h2>
      <${Filters} filter=${filter} set=${setFilter} teams=${teams} skills=${skills} teamNames=${state.teams} skillNames=${state.skills} speech=${language()} />
      ${marked.length > 0 && html`
        <p class="marked" role="status"><b>${t("chosen.count", { count: marked.length })}</b>
          <button type="button" class="button small" onClick=${() => ask({ kind: "assign", agents: marked })}>${t("agents.assign")}</button>
          <button type="button" class="link" onClick=${() => choose(new Set())}>${t("chosen.none")}</button></p>`}
      <${Chunks} rows=${found} rowHeight=${84} draw=${(rows) => html`
        <ul class="agents" aria-label=${t("agents.heading")}>
          ${rows.map((agent) => html`
            <${AgentRow} key=${agent.agent_id} agent=${agent} titles=${titles} teams=${state.teams} skills=${state.skills} reasons=${state.reasons} limits=${state.limits} speech=${language()}
              alerts=${alerts.get(agent.agent_id) ?? NONE} office=${office} ask=${ask} marked=${chosen.has(agent.agent_id)} choose=${choose} drag=${drag} />`)}
        </ul>`} />
      ${found.length === 0 && html`<p class="quiet-text none">${t("agents.nobody")}</p>`}
    </section>
  `;
}

/** Drawn when there is something else to choose from, not with each change of an agent. */
const Filters = memo(({ filter, set: setFilter, teams, skills, teamNames, skillNames }) => {
  const set = (change) => setFilter({ ...filter, ...change });
  const titled = (names) => (code) => label(names[code]) || code;
  return html`
    <div class="filters" role="search" aria-label=${t("agents.filters")}>
      <input type="search" name="agent" placeholder=${t("agents.search")} aria-label=${t("agents.search")} value=${filter.text} onInput=${({ target }) => set({ text: target.value })} />
      ${teams.length > 1 && html`<${Choice} name="team" label=${t("agents.team")} all=${t("agents.all_teams")} codes=${teams} titled=${titled(teamNames)} value=${filter.team} pick=${(team) => set({ team })} />`}
      <${Choice} name="presence" label=${t("agents.presence")} all=${t("agents.any_presence")} codes=${Object.keys(PRESENCES)} titled=${(code) => t(`agents.only_${code}`)} value=${filter.presence} pick=${(presence) => set({ presence })} />
      <${Choice} name="skill" label=${t("agents.skill")} all=${t("agents.any_skill")} codes=${skills} titled=${titled(skillNames)} value=${filter.skill} pick=${(skill) => set({ skill })} />
      <${Choice} name="order" label=${t("agents.order")} codes=${Object.keys(ORDERS)} titled=${(code) => t(`agents.by_${code}`)} value=${filter.order} pick=${(order) => set({ order })} />
    </div>
  `;
});

function Choice({ name, label: said, all, codes, titled, value, pick }) {
  return html`
    <select class="language" name=${name} aria-label=${said} value=${value} onChange=${({ target }) => pick(target.value)}>
      ${all && html`<option value="">${all}</option>`}
      ${codes.map((code) => html`<option value=${code} key=${code}>${titled(code)}</option>`)}
    </select>
  `;
}

/** Those whom the filter lets through: who is here first, then in the order that was asked for, then by name. */
function arranged(agents, { team, presence, skill, text, order }, { teams, skills }) {
  const wanted = text.trim().toLocaleLowerCase();
  const says = ({ agent_id, team: of, skills: can = {}, ...agent }) =>
    [nameOf({ agent_id, ...agent }), agent_id, label(teams[of]), ...Object.keys(can).map((code) => label(skills[code]))].some((part) => part?.toLocaleLowerCase().includes(wanted));
  const fits = (agent) =>
    (!team || agent.team === team) && (!presence || PRESENCES[presence](agent)) && (!skill || skill in (agent.skills ?? {})) && (!wanted || says(agent));
  const rank = ORDERS[order];
  return byName(agents)
    .filter(fits)
    .sort((a, b) => gone(a) - gone(b) || Math.sign(rank(a) - rank(b)) || 0);
}

/** The same object as long as it holds the same. */
function useChoices(agents) {
  const kept = useRef({});
  return useMemo(() => {
    const found = choices(agents);
    const says = JSON.stringify(found);
    if (says !== kept.current.says) kept.current = { says, found };
    return kept.current.found;
  }, [agents]);
}

function choices(agents) {
  const teams = new Set();
  const skills = new Set();
  for (const agent of agents.values()) {
    teams.add(agent.team);
    for (const skill of Object.keys(agent.skills ?? {})) skills.add(skill);
  }
  return { teams: [...teams].sort(), skills: [...skills].sort() };
}

/** The router's own reasons are translated, the site's have the title that the site gives them. */
export const reasonTitle = (code, title) => tCode("reason", code, label(title) || code.replaceAll("_", " "));

/** What the agent has said beside their presence: media that they take no more of for now, and what follows. */
function Meant({ agent, reasons }) {
  const { paused = [], next_presence: next, next_reason: reason } = agent;
  const following = next && (reason ? reasonTitle(reason, reasons[reason]) : t(`presence.${next}`));
  return html`
    ${paused.map((medium) => html`<small class="tag" key=${medium}>${t("agents.paused", { medium: t(`media.${medium}`) })}</small>`)}
    ${following && html`<small class="tag">${t("presence.then", { presence: following })}</small>`}
  `;
}

const AgentRow = memo(({ agent, titles, teams, skills: names, reasons, limits, alerts, office, ask, marked, choose, drag }) => {
  const [open, setOpen] = useState(false);
  const { agent_id, presence, reason, since, connected, load, capacity, held = [], skills = {} } = agent;
  const kind = presence === "ready" && !connected ? "away" : presence;
  const who = nameOf(agent);
  const of = (act) => t("act.of", { act, what: who }); // many rows have the same buttons
  const limit = presence === "not_ready" ? (limits[reason] ?? limits[""]) : undefined;
  return html`
    <li class="agent" data-agent=${agent_id} data-presence=${kind} draggable="true" ...${dragAgents(agent_id, drag)}
      ...${droppable(drag, ({ work }) => work?.length === 1, ({ work }) => ask({ kind: "direct", item: work[0], who: agent_id }))}>
      <p class="agent-name"><input type="checkbox" checked=${marked} aria-label=${t("chosen.choose", { what: who })} onChange=${() => choose((before) => toggled(before, agent_id))} />
        <b><bdi>${who}</bdi></b> <span class="quiet-text">${label(teams[agent.team]) || agent.team}</span></p>
      <p class="agent-presence"><i class="dot" aria-hidden="true"></i>
        <span>${t(kind === "away" ? "agents.away" : `presence.${presence}`)}${presence === "not_ready" && reason && html`<small> · ${reasonTitle(reason, reasons[reason])}</small>`}</span>
        ${since > 0 && html`<${Age} since=${since / 1000} limit=${limit && limit / 1000} />`}
        ${(open || (presence !== "offline" && load < capacity)) && html`<button type="button" class="link" aria-expanded=${open} aria-label=${t("agent_why.of", { name: who })} onClick=${() => setOpen(!open)}>${t("agent_why.why")}</button>`}
        <${Meant} agent=${agent} reasons=${reasons} /></p>
      <p class="agent-load figures" title=${t("agents.load")}>${load} / ${capacity}</p>
      <div class="agent-acts">
        <button type="button" class="button small" aria-label=${of(t("agents.presence"))} onClick=${() => ask({ kind: "presence", agent })}>${t("agents.presence")}</button>
        <button type="button" class="button small" aria-label=${of(t("agents.skills"))} onClick=${() => ask({ kind: "skills", agent })}>${t("agents.skills")}</button>
        <button type="button" class="button small" aria-label=${of(t("agents.assign"))} title=${t("agents.assign_hint")} onClick=${() => ask({ kind: "assign", agents: [agent_id] })}>${t("agents.assign")}</button>
      </div>
      <p class="tags agent-skills">${Object.entries(skills).map(([skill, grade]) => html`<span class="tag" key=${skill}>${label(names[skill]) || skill} <b>${grade}</b></span>`)}<${AlertMarks} alerts=${alerts} /></p>
      <${Today} today=${agent.today} />
      ${open && html`<${AgentWhy} agent_id=${agent_id} office=${office} />`}
      ${held.length > 0 && html`
        <ul class="held">
          ${held.map((work) => html`
            <li key=${work.work_id || work.interaction_id}>
              <${Icon} name=${MEDIA[work.medium] ?? "note"} /><span>${titles[work.queue] ?? work.queue}</span> <span class="quiet-text">${t(`held.${work.state}`)} · <${Ticking} since=${work.since / 1000} /></span>
              ${work.work_id && html`<button type="button" class="link bad" aria-label=${t("act.of", { act: t("waiting.end"), what: `${titles[work.queue] ?? work.queue}, ${who}` })} onClick=${() => ask({ kind: "cancel", item: work, agent })}>${t("waiting.end")}</button>`}
            </li>`)}
        </ul>`}
    </li>
  `;
});

/** The set with the one, or without when it was in it. */
export function toggled(before, one) {
  const next = new Set(before);
  if (!next.delete(one)) next.add(one);
  return next;
}

/** How long a presence lasts; in colour and in words when it is near the time after which somebody is told, or over. */
function Age({ since, limit }) {
  const lasts = useNow(AGE_EVERY_MS) - since;
  const stage = !limit || lasts < limit * NEAR ? "" : lasts < limit ? "near" : "over";
  return html`<span class=${`age ${stage || "quiet-text"}`}><${Ticking} since=${since} />${stage && html` <small>${t(`agents.age_${stage}`, { limit: duration(limit) })}</small>`}</span>`;
}
