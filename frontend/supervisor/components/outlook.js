// Where things go: a queue's level if those who wait are answered as predicted, an item's target, an agent's day.
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { duration, useNow } from "../../lib/time.js";
import { html } from "../../lib/ui.js";
import { percent } from "./queues.js";

const LIKELY = 0.5;
const POSSIBLE = 0.2;

/** The last half hour, and what becomes of it. */
export function Outlook({ queue: { outlook, waiting } }) {
  if (!outlook || (outlook.level === null && outlook.expected_level === null)) return html`<span class="quiet-text">–</span>`;
  const { level, expected_level: expected } = outlook;
  const moves = waiting > 0 && expected !== null && expected !== level;
  return html`
    <span class="figures outlook">${level === null ? "–" : percent(level)}${moves && html` <span aria-hidden="true">→</span><span class="unseen">, ${t("queues.outlook_expected")} </span> <b>${percent(expected)}</b>`}</span>
  `;
}

/** Free, ready and signed in, of those who serve the queue. */
export function Staff({ outlook }) {
  if (!outlook) return "–";
  return html`<span class="figures staff">${outlook.free} / ${outlook.ready} / ${outlook.staffed}</span>`;
}

/** How long until an item's target is missed, or since when it is, and how likely that is. */
export function Due({ item: { due_at, breach } }) {
  const now = useNow(1000);
  if (!due_at) return null;
  const left = due_at / 1000 - now;
  if (left < 0) return html`<span class="tag bad due"><${Icon} name="alert" />${t("waiting.overdue", { time: duration(-left) })}</span>`;
  const chance = breach === null || breach === undefined ? null : percent(breach);
  return html`
    <span class="tag due figures"><${Icon} name="clock" />${t("waiting.due", { time: duration(left) })}</span>
    ${chance && breach >= LIKELY && html`<span class="tag bad due"><${Icon} name="alert" />${t("waiting.breach_likely", { chance })}</span>`}
    ${chance && breach >= POSSIBLE && breach < LIKELY && html`<span class="tag warn due">${t("waiting.breach_possible", { chance })}</span>`}
    ${chance && breach < POSSIBLE && html`<span class="tag due">${t("waiting.breach_unlikely", { chance })}</span>`}
  `;
}

/** An agent's handled and missed offers, and the share of the time that was busy. */
export function Today({ today }) {
  const { handled = 0, missed = 0, occupancy = null } = today ?? {};
  if (!handled && !missed && occupancy === null) return null;
  return html`
    <p class="agent-today quiet-text figures" title=${t("agents.today_hint")}>
      <span>${t("agents.handled", { count: handled })}</span>
      <span class=${missed ? "missed" : ""}>${t("agents.missed", { count: missed })}</span>
      ${occupancy !== null && html`<span>${t("agents.busy", { share: percent(occupancy) })}</span>`}
    </p>
  `;
}
