// Agents: presence and how long, what they hold, what they can do.
import { Ticking } from "../../lib/controls.js";
import { label, t, tCode } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { html, useState } from "../../lib/ui.js";
import { byName, nameOf } from "../store.js";
import { AlertMarks } from "./alerts.js";
import { Today } from "./outlook.js";
import { MEDIA, titleOf } from "./queues.js";

export function Agents({ state, ask }) {
  const [team, setTeam] = useState("");
  const sorted = byName(state.agents);
  const away = ({ presence, held }) => presence === "offline" && !held?.length;
  const all = [...sorted.filter((agent) => !away(agent)), ...sorted.filter(away)];
  const teams = [...new Set(all.map((agent) => agent.team))].sort();
  const shown = all.filter((agent) => !team || agent.team === team);
  return html`
    <section class="card sheet" aria-labelledby="agents-heading">
      <h2 id="agents-heading">${t("agents.heading")} <span class="figures count">${shown.length}</span>
        ${teams.length > 1 && html`
          <select class="language" aria-label=${t("agents.team")} value=${team} onChange=${({ target }) => setTeam(target.value)}>
            <option value="">${t("agents.all_teams")}</option>
            ${teams.map((name) => html`<option value=${name} key=${name}>${name}</option>`)}
          </select>`}</h2>
      <ul class="agents">${shown.map((agent) => html`<${AgentRow} key=${agent.agent_id} agent=${agent} state=${state} ask=${ask} />`)}</ul>
    </section>
  `;
}

/** The router's own reasons are translated, the site's have the title that the site gives them. */
export const reasonTitle = (code, title) => tCode("reason", code, label(title) || code.replaceAll("_", " "));

/** What the agent has said beside their presence: media that they take no more of for now, and what follows. */
function Meant({ agent, state }) {
  const { paused = [], next_presence: next, next_reason: reason } = agent;
  const following = next && (reason ? reasonTitle(reason, state.reasons[reason]) : t(`presence.${next}`));
  return html`
    ${paused.map((medium) => html`<small class="tag" key=${medium}>${t("agents.paused", { medium: t(`media.${medium}`) })}</small>`)}
    ${following && html`<small class="tag">${t("presence.then", { presence: following })}</small>`}
  `;
}

function AgentRow({ agent, state, ask }) {
  const { presence, reason, since, connected, load, capacity, held = [], skills = {} } = agent;
  const kind = presence === "ready" && !connected ? "away" : presence;
  const title = (name) => titleOf(state.queues.get(name) ?? { queue: name });
  return html`
    <li class="agent" data-agent=${agent.agent_id} data-presence=${kind}>
      <p class="agent-name"><b><bdi>${nameOf(agent)}</bdi></b> <span class="quiet-text">${label(state.teams[agent.team]) || agent.team}</span></p>
      <p class="agent-presence"><i class="dot" aria-hidden="true"></i>
        <span>${t(kind === "away" ? "agents.away" : `presence.${presence}`)}${presence === "not_ready" && reason && html`<small> · ${reasonTitle(reason, state.reasons[reason])}</small>`}</span>
        ${since > 0 && html`<span class="quiet-text"><${Ticking} since=${since / 1000} /></span>`}
        <${Meant} agent=${agent} state=${state} /></p>
      <p class="agent-load figures" title=${t("agents.load")}>${load} / ${capacity}</p>
      <div class="agent-acts">
        <button type="button" class="button small" onClick=${() => ask({ kind: "presence", agent })}>${t("agents.presence")}</button>
        <button type="button" class="button small" onClick=${() => ask({ kind: "skills", agent })}>${t("agents.skills")}</button>
      </div>
      <p class="tags agent-skills">${Object.entries(skills).map(([skill, grade]) => html`<span class="tag" key=${skill}>${label(state.skills[skill]) || skill} <b>${grade}</b></span>`)}<${AlertMarks} state=${state} kind="agent" subject=${agent.agent_id} /></p>
      <${Today} today=${agent.today} />
      ${held.length > 0 && html`
        <ul class="held">
          ${held.map((work) => html`
            <li key=${work.work_id || work.interaction_id}>
              <${Icon} name=${MEDIA[work.medium] ?? "note"} /><span>${title(work.queue)}</span> <span class="quiet-text">${t(`held.${work.state}`)} · <${Ticking} since=${work.since / 1000} /></span>
              ${work.work_id && html`<button type="button" class="link bad" onClick=${() => ask({ kind: "cancel", item: work, agent })}>${t("waiting.end")}</button>`}
            </li>`)}
        </ul>`}
    </li>
  `;
}
