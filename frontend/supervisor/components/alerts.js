// What needs somebody's eye: open alerts with who looks after them, those that are past, and their marks elsewhere.
import { Action, Ticking } from "../../lib/controls.js";
import { t, tCode } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { dateTime, duration } from "../../lib/time.js";
import { html, useEffect, useState } from "../../lib/ui.js";
import { problemText } from "../office.js";
import { nameOf } from "../store.js";
import { reasonTitle } from "./agents.js";
import { percent, titleOf } from "./queues.js";

const SHOWN = 5;
const kindOf = ({ kind }) => tCode("alert", kind, kind.replaceAll("_", " "));

export function Alerts({ office, state }) {
  const [all, setAll] = useState(false);
  const [past, setPast] = useState(false);
  const open = [...state.alerts.values()].sort(byUrgency);
  return html`
    <section class=${`card sheet whole alerts ${open.some(({ acknowledged_at }) => !acknowledged_at) ? "pressing" : ""}`} aria-labelledby="alerts-heading">
      <h2><${Icon} name="alert" /><span id="alerts-heading">${t("alerts.heading")}</span> <span class="figures count">${open.length || t("alerts.none")}</span>
        <button type="button" class="button small" aria-expanded=${past} onClick=${() => setPast(!past)}>${t("alerts.history")}</button></h2>
      <div role="log" aria-live="polite" aria-relevant="additions" aria-labelledby="alerts-heading">
        <ul>${(all ? open : open.slice(0, SHOWN)).map((alert) => html`<${Open} key=${alert.id} alert=${alert} office=${office} state=${state} />`)}</ul>
      </div>
      ${open.length > SHOWN && html`<p class="none"><button type="button" class="link" aria-expanded=${all} onClick=${() => setAll(!all)}>${all ? t("alerts.fewer") : t("alerts.all", { count: open.length })}</button></p>`}
      ${past && html`<${Past} office=${office} state=${state} />`}
    </section>
  `;
}

/** Those that nobody looks after first, then the newest. */
const byUrgency = (a, b) => Boolean(a.acknowledged_at) - Boolean(b.acknowledged_at) || b.id - a.id;

function Open({ alert, office, state }) {
  const acknowledge = () => office.acknowledge(alert.id).catch((error) => office.tell(problemText(error), "error"));
  const seen = Boolean(alert.acknowledged_at);
  return html`
    <li data-alert=${alert.id} class=${seen ? "seen" : ""}>
      <span class="alert-what"><b>${kindOf(alert)}</b> <bdi>${subjectOf(alert, state)}</bdi> <span class="quiet-text">${figuresOf(alert, state)}</span></span>
      <span class="quiet-text"><${Ticking} since=${alert.raised_at / 1000} /></span>
      ${seen
        ? html`<span class="tag good"><${Icon} name="check" />${t("alerts.by", { who: alert.acknowledged_by })}</span>`
        : html`<${Action} class="button small" aria-label=${t("alerts.acknowledge_this", { what: `${kindOf(alert)}, ${subjectOf(alert, state)}` })} act=${acknowledge}>${t("alerts.acknowledge")}</${Action}>`}
    </li>
  `;
}

function subjectOf({ subject_kind, subject }, state) {
  if (subject_kind === "queue") return titleOf(state.queues.get(subject) ?? { queue: subject });
  if (subject_kind === "agent") return nameOf(state.agents.get(subject) ?? { agent_id: subject });
  if (subject_kind === "site") return t("alerts.site");
  return t("alerts.channel", { channel: subject });
}

/** The figures behind it, as docs/statistics.md has them; nothing for a kind that this page does not know. */
function figuresOf({ kind, detail }, state) {
  const { target, level, minutes, over, waiting, limit, limit_us, reason } = detail;
  switch (kind) {
    case "target_at_risk":
      return t("alerts.at_risk", { level: percent(level), target: percent(target), minutes, waiting });
    case "target_missed":
      return t("alerts.missed", { level: percent(level), target: percent(target), minutes });
    case "breach":
      return t("alerts.over", { count: over });
    case "backlog":
      return t("alerts.backlog", { waiting, limit });
    case "presence":
      return t("alerts.presence", { limit: duration(limit_us / 1000), reason: reason ? reasonTitle(reason, state.reasons[reason]) : t("presence.not_ready") });
    case "store":
      return t("alerts.store", { trouble: detail.trouble });
    default:
      return "";
  }
}

/** The open alerts about things of this kind, by the thing. */
export function bySubject(alerts, kind) {
  const found = new Map();
  for (const alert of alerts.values())
    if (alert.subject_kind === kind) found.set(alert.subject, [...(found.get(alert.subject) ?? []), alert]);
  return found;
}

/** The open alerts about something, in a word each. */
export function AlertMarks({ alerts }) {
  return alerts.map((alert) => html`<span class=${`tag alert-mark ${alert.kind === "target_at_risk" ? "warn" : "bad"}`} key=${alert.id}><${Icon} name="alert" />${kindOf(alert)}</span>`);
}

function Past({ office, state }) {
  const [found, setFound] = useState(null);
  const load = async (before) => {
    try {
      const page = await office.alerts(before);
      setFound((old) => ({ items: before ? [...old.items, ...page.items] : page.items, next: page.next }));
    } catch (error) {
      setFound((old) => ({ items: [], next: null, ...old, problem: problemText(error) }));
    }
  };
  useEffect(() => void load(null), []);
  if (!found) return html`<p class="quiet-text none">${t("customer.loading")}</p>`;
  return html`
    ${found.problem && html`<p class="problem none" role="alert">${found.problem}</p>`}
    <div class="scroll" tabindex="0" role="group" aria-label=${t("alerts.history")}>
      <table>
        <thead><tr><th scope="col">${t("alerts.raised")}</th><th scope="col">${t("alerts.what")}</th><th scope="col" class="number">${t("alerts.lasted")}</th><th scope="col">${t("alerts.seen")}</th></tr></thead>
        <tbody>${found.items.map((alert) => html`
          <tr key=${alert.id}>
            <td class="figures">${dateTime(alert.raised_at)}</td>
            <td>${kindOf(alert)} <bdi>${subjectOf(alert, state)}</bdi> <span class="quiet-text">${figuresOf(alert, state)}</span></td>
            <td class="number figures">${alert.cleared_at ? duration((alert.cleared_at - alert.raised_at) / 1000) : t("alerts.open")}</td>
            <td>${alert.acknowledged_by ? html`<bdi>${alert.acknowledged_by}</bdi> <span class="quiet-text figures">${dateTime(alert.acknowledged_at)}</span>` : "–"}</td>
          </tr>`)}</tbody>
      </table>
    </div>
    ${found.next && html`<p class="none"><${Action} class="button small" act=${() => load(found.next)}>${t("audit.older")}</${Action}></p>`}
  `;
}
