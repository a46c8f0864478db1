// What nobody has taken yet, why not, and what can be done about it.
import { Ticking } from "../../lib/controls.js";
import { label, t, tCode } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { html, useEffect, useState } from "../../lib/ui.js";
import { problemText } from "../office.js";
import { expectedWait, inOrder, nameOf } from "../store.js";
import { Due } from "./outlook.js";
import { about, MEDIA, titleOf } from "./queues.js";

const AGAIN_MS = 3000;
const SHOWN = 100;

export function Waiting({ office, state, queue, clear, ask }) {
  const items = inOrder(state.work).filter((item) => !queue || item.queue === queue);
  const places = placesOf(items);
  const title = (name) => titleOf(state.queues.get(name) ?? { queue: name });
  return html`
    <section class="card sheet" aria-labelledby="waiting-heading">
      <h2 id="waiting-heading">${t("waiting.heading")} <span class="figures count">${items.length}</span>
        ${queue && html`<button type="button" class="tag strong" onClick=${clear} aria-label=${t("waiting.all", { queue: title(queue) })}>${title(queue)}<${Icon} name="cross" /></button>`}</h2>
      ${items.length === 0 && html`<p class="quiet-text none">${t("waiting.none")}</p>`}
      <ol class="items">
        ${items.slice(0, SHOWN).map((item) => html`<${Item} key=${item.work_id} item=${item} place=${places.get(item.work_id)} title=${title} office=${office} state=${state} ask=${ask} />`)}
      </ol>
      ${items.length > SHOWN && html`<p class="quiet-text none">${t("waiting.more", { count: items.length - SHOWN })}</p>`}
    </section>
  `;
}

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

function Item({ item, place, title, office, state, ask }) {
  const [open, setOpen] = useState(false);
  const { work_id, queue, medium, queued_at, requirements, attempts, offered_to, directed } = item;
  const wait = expectedWait(state.queues.get(queue), place);
  const name = (id) => nameOf(state.agents.get(id) ?? { agent_id: id });
  return html`
    <li data-work=${work_id}>
      <div class="item">
        <span class="place figures" title=${t("waiting.place")}>${place ?? "·"}</span>
        <${Icon} name=${MEDIA[medium] ?? "note"} />
        <div class="item-what">
          <p><b>${title(queue)}</b> <span class="waited"><${Ticking} since=${queued_at / 1000} /></span>${wait !== null && html` <span class="quiet-text">${t("waiting.expected", { wait: about(wait) })}</span>`}</p>
          <p class="tags">
            <${Due} item=${item} />
            ${offered_to && html`<span class="tag strong">${t("waiting.offered", { who: name(offered_to) })}</span>`}
            ${directed && html`<span class="tag strong">${t("waiting.directed", { who: name(directed) })}</span>`}
            ${Object.entries(requirements).map(([skill, minimum]) => html`<span class="tag" key=${skill}>${label(state.skills[skill]) || skill} <b>${minimum}+</b></span>`)}
            ${attempts > 1 && html`<span class="tag">${t("offer.attempt", { attempt: attempts })}</span>`}
          </p>
        </div>
        <div class="item-acts">
          <button type="button" class="button small" aria-expanded=${open} onClick=${() => setOpen(!open)}>${t("waiting.why")}</button>
          <button type="button" class="button small" onClick=${() => ask({ kind: "move", item })}>${t("waiting.move")}</button>
          <button type="button" class="button small" onClick=${() => ask({ kind: "direct", item })}>${t("waiting.direct")}</button>
          <button type="button" class="button small quiet bad" onClick=${() => ask({ kind: "cancel", item })}>${t("waiting.end")}</button>
        </div>
      </div>
      ${open && html`<${WhyNot} item=${item} office=${office} name=${name} skills=${state.skills} />`}
    </li>
  `;
}

/** Asked for again and again while somebody looks: the reasons change with the agents. */
function WhyNot({ item, office, name, skills }) {
  const [found, setFound] = useState({ busy: true });
  useEffect(() => {
    let over = false;
    let timer = null;
    const ask = async () => {
      const next = await office.explain(item).then(
        (explanation) => ({ explanation }),
        (error) => ({ problem: problemText(error) }),
      );
      if (over) return;
      setFound(next);
      timer = setTimeout(ask, AGAIN_MS);
    };
    ask();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [item.work_id, item.queue]);
  if (found.busy) return html`<p class="why-not quiet-text">${t("customer.loading")}</p>`;
  if (found.problem) return html`<p class="why-not problem">${found.problem}</p>`;
  if (!found.explanation) return html`<p class="why-not quiet-text">${t("waiting.not_explained")}</p>`;
  const { failed, candidates } = found.explanation;
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

/** The rule in the reader's words, with what the server adds to it where that says more. */
function ruleText(rule, detail, skills) {
  const short = /^(\S+) below (\d+)$/.exec(detail);
  if (rule === "skill" && short) return t("waiting.skill_below", { skill: label(skills[short[1]]) || short[1], minimum: short[2] });
  if (rule === "presence") return tCode("presence", detail.split(" ")[0], tCode("rule", rule));
  if (rule === "capacity" || rule === "total_units") return `${tCode("rule", rule)} (${detail.match(/\d+ of \d+/)?.[0].replace(" of ", "/") ?? detail})`;
  return tCode("rule", rule);
}
