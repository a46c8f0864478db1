// Why an agent gets nothing now, and why an item went to whom it went: the router's explanation in the reader's words.
import { label, t, tCode } from "../../lib/i18n.js";
import { Ticking } from "../../lib/controls.js";
import { dateTime } from "../../lib/time.js";
import { html, useEffect, useState } from "../../lib/ui.js";
import { problemText } from "../office.js";
import { nameOf } from "../store.js";
import { titleOf } from "./queues.js";

const AT_LEAST_MS = 2000; // between two questions
const EXPLAINS = ["agents", "work", "queues"];

/** What is asked for anew when the board has changed, while it is shown: {busy}, {problem} or {answer}. */
export function useExplanation(office, ask, of) {
  const [found, setFound] = useState({ busy: true });
  useEffect(() => {
    let over = false;
    let timer = null;
    let asking = false;
    let stale = false;
    const again = async () => {
      [asking, stale, timer] = [true, false, null];
      const next = await ask().then(
        (answer) => ({ answer }),
        (error) => ({ problem: problemText(error) }),
      );
      if (over) return;
      asking = false;
      setFound(next);
      if (stale) timer = setTimeout(again, AT_LEAST_MS);
    };
    const follow = (state, before) => {
      if (EXPLAINS.every((part) => state[part] === before[part])) return;
      stale = true;
      if (!asking) timer ??= setTimeout(again, AT_LEAST_MS);
    };
    again();
    const leave = office.store.subscribe(follow);
    return () => {
      over = true;
      leave();
      clearTimeout(timer);
    };
  }, [of]);
  return found;
}

const unexplained = ({ busy, problem }) =>
  busy ? html`<p class="why-not quiet-text">${t("customer.loading")}</p>` : html`<p class="why-not problem">${problem}</p>`;

/** What keeps the agent from work now: their own state first, then what waits, queue by queue. */
export function AgentWhy({ agent_id, office }) {
  const found = useExplanation(office, () => office.explainAgent(agent_id), agent_id);
  if (!found.answer) return unexplained(found);
  const { reason, queues, load, capacity } = found.answer;
  const { queues: known, skills } = office.store.get();
  const waiting = queues.filter((one) => one.waiting > 0);
  return html`
    <div class="why-not agent-why">
      <p>${t(`agent_why.${reason}`, { load, capacity })}</p>
      ${(reason === "rules" || reason === "may_take") && html`
        <ul>${waiting.map((one) => html`
          <li key=${one.queue}><b>${titleOf(known.get(one.queue) ?? one)}</b> <span class="quiet-text">${t("agent_why.waiting", { count: one.waiting })}:
            ${one.first_failed ? ruleText(one.first_failed, one.detail, skills) : t("waiting.may_take")}</span></li>`)}</ul>`}
    </div>
  `;
}

/** Each offer of an item: to whom, when, and by what. */
export function ItemWhy({ item, office }) {
  const found = useExplanation(office, () => office.explainOffers(item.work_id), `${item.work_id} ${item.agent_id}`);
  if (!found.answer) return unexplained(found);
  const name = (id) => nameOf(office.agents().get(id) ?? { agent_id: id });
  const offers = [...found.answer.offers].reverse();
  if (!offers.length) return html`<p class="why-not quiet-text">${t("item_why.not_yet")}</p>`;
  const direct = (one) => item.directed && item.directed === one.agent_id;
  return html`
    <div class="why-not item-why">
      <ol>${offers.map((one) => html`
        <li key=${one.sequence}><b><bdi>${name(one.agent_id)}</bdi></b> <span class="quiet-text">${dateTime(one.at)}</span>
          ${direct(one)
            ? html`<span>${t("item_why.directed")}</span>`
            : html`<span>${tCode("strategy", one.strategy)}${Object.entries(one.terms).map(([term, value]) => html` · ${tCode("term", term)} <b class="figures">${termOf(term, value)}</b>`)}</span>
                ${one.runner_up && html`<span class="quiet-text">${t("why.runner_up", { who: name(one.runner_up) })}</span>`}`}
        </li>`)}</ol>
    </div>
  `;
}

function termOf(term, value) {
  if (term === "idle_since") return html`<${Ticking} since=${value / 1000} />`;
  return term === "load" ? `${Math.round(value / 10)} %` : value;
}

/** The rule in the reader's words, with what the server adds to it where that says more. */
export function ruleText(rule, detail, skills) {
  const short = /^(\S+) below (\d+)$/.exec(detail);
  if (rule === "skill" && short) return t("waiting.skill_below", { skill: label(skills[short[1]]) || short[1], minimum: short[2] });
  if (rule === "presence") return tCode("presence", detail.split(" ")[0], tCode("rule", rule));
  if (rule === "capacity" || rule === "total_units") return `${tCode("rule", rule)} (${detail.match(/\d+ of \d+/)?.[0].replace(" of ", "/") ?? detail})`;
  return tCode("rule", rule);
}
