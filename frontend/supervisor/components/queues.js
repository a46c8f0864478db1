// Queues with who waits, for how long, and today's service level against the promise.
import { Ticking } from "../../lib/controls.js";
import { inOrderOfNames, label, language, t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { duration, useNow } from "../../lib/time.js";
import { html, memo, useMemo, useRef, useState } from "../../lib/ui.js";
import { expectedWait, notTaken } from "../store.js";
import { AlertMarks, bySubject } from "./alerts.js";
import { dropped, droppable } from "./drag.js";
import { EmergencyMark } from "./emergency.js";
import { Outlook, Staff } from "./outlook.js";
import { Trend } from "./trend.js";

export const MEDIA = { voice: "phone", chat: "chat", email: "mail" };

/** The whole in one line of figures. */
export function Summary({ state }) {
  const now = useNow(1000);
  const agents = [...state.agents.values()];
  const work = [...state.work.values()].filter(notTaken);
  const oldest = work.length ? Math.min(...work.map(({ queued_at }) => queued_at)) : null;
  const busy = agents.filter(({ held }) => held?.some(({ state: where }) => where === "connected" || where === "accepted")).length;
  const figures = [
    ["waiting", work.length],
    ["longest", oldest === null ? "–" : duration(now - oldest / 1000)],
    ["talking", busy],
    ["ready", agents.filter(({ presence, connected }) => presence === "ready" && connected).length],
    ["not_ready", agents.filter(({ presence }) => presence === "not_ready").length],
  ];
  return html`
    <dl class="summary">
      ${figures.map(([name, value]) => html`<div key=${name}><dt>${t(`summary.${name}`)}</dt><dd class="figures">${value}</dd></div>`)}
    </dl>
  `;
}

const NONE = [];
const BY = ["queue", "medium", "channel"];

export function Queues({ state, chosen, choose, ask, drag }) {
  const [by, setBy] = useState("queue");
  const queues = [...state.queues.values()].sort((a, b) => inOrderOfNames(titleOf(a), titleOf(b)));
  const served = useMemo(() => servedBy(state.work, by), [state.work, by]);
  const alerts = useMemo(() => bySubject(state.alerts, by), [state.alerts, by]);
  const sums = by === "medium" ? byMedium(queues, state) : by === "channel" ? byChannel(state) : [];
  return html`
    <section class="card sheet whole" aria-labelledby="queues-heading">
      <h2><span id="queues-heading">${t("queues.heading")}</span>
        <span class="switch" role="group" aria-label=${t("queues.by")}>${BY.map((name) => html`<button type="button" key=${name} aria-pressed=${by === name} onClick=${() => setBy(name)}>${t(`queues.by_${name}`)}</button>`)}</span>
        <button type="button" class="button small" onClick=${() => ask({ kind: "emergency" })}><${Icon} name="alert" />${t("emergency.open")}</button>
        <button type="button" class="button small plain-end" onClick=${() => ask({ kind: "export" })}><${Icon} name="save" />${t("export.open")}</button></h2>
      <div class="scroll" tabindex="0" role="group" aria-labelledby="queues-heading">
        <table class="queues">
          <${Heads} by=${by} speech=${language()} />
          <tbody>${by === "queue"
            ? queues.map((queue) => html`<${Row} key=${queue.queue} queue=${queue} alerts=${alerts.get(queue.queue) ?? NONE} speech=${language()} served=${served.get(queue.queue) ?? 0} trend=${state.trends.get(queue.queue)?.slots} chosen=${queue.queue === chosen} choose=${choose} ask=${ask} drag=${drag} />`)
            : sums.map((sum) => html`<${Sum} key=${sum.name} sum=${sum} alerts=${alerts.get(sum.name) ?? NONE} served=${served.get(sum.name) ?? 0} />`)}</tbody>
        </table>
      </div>
      ${queues.length === 0 && html`<p class="quiet-text none">${t("queues.none")}</p>`}
    </section>
  `;
}

/** The names of the columns. */
const Heads = memo(
  ({ by }) => html`
    <thead><tr><th scope="col">${t(`queues.${by}`)}</th><th scope="col" class="number">${t("queues.waiting")}</th><th scope="col" class="number">${t("queues.oldest")}</th>${by === "queue" && html`<th scope="col" class="number" title=${t("queues.expected_hint")}>${t("queues.expected")}</th>`}<th scope="col" class="number">${t("queues.in_service")}</th><th scope="col">${t("queues.level")}</th>${by === "queue" && html`<th scope="col" title=${t("queues.outlook_hint")}>${t("queues.outlook")}</th><th scope="col">${t("queues.trend")}</th>`}<th scope="col" class="number">${t("queues.answered")}</th><th scope="col" class="number">${t("queues.abandoned")}</th>${by === "queue" ? html`<th scope="col" title=${t("queues.staff_hint")}>${t("queues.staff")}</th><th scope="col">${t("queues.rules")}</th>` : html`<th scope="col"><span class="unseen">${t("alerts.heading")}</span></th>`}</tr></thead>`,
);

/** Items that an agent has, by queue, medium or channel; those of which only the wrap-up is left do not count. */
function servedBy(work, by) {
  const found = new Map();
  for (const item of work.values())
    if (!notTaken(item) && item.state !== "wrap_up") found.set(item[by], (found.get(item[by]) ?? 0) + 1);
  return found;
}

const oldestOf = (items) => items.reduce((oldest, { queued_at }) => Math.min(oldest, queued_at), Infinity);

/** The queues of each medium together: a level of all that was settled, whatever the promise of each queue. */
function byMedium(queues, state) {
  const waiting = [...state.work.values()].filter(notTaken);
  return [...new Set(queues.map(({ medium }) => medium))].sort().map((medium) => {
    const of = queues.filter((queue) => queue.medium === medium);
    const total = (value) => of.reduce((sum, queue) => sum + (value(queue) ?? 0), 0);
    const within = total(({ service_level: level }) => level?.within);
    const settled = total(({ service_level: level }) => level?.level && level.within / level.level);
    const items = waiting.filter((item) => item.medium === medium);
    return { name: medium, title: t(`medium.${medium}`), medium, waiting: items.length, oldest: oldestOf(items), level: settled ? within / settled : null, answered: total(({ today }) => today?.answered), abandoned: total(({ today }) => today?.abandoned) };
  });
}

function byChannel(state) {
  const waiting = [...state.work.values()].filter(notTaken);
  return [...state.channels.values()].map(({ channel, title, titles, medium, today, level }) => {
    const items = waiting.filter((item) => item.channel === channel);
    return { name: channel, title: titleOf({ titles, title, queue: channel }), medium, waiting: items.length, oldest: oldestOf(items), level, answered: today.answered, abandoned: today.abandoned };
  });
}

function Sum({ sum: { name, title, medium, waiting, oldest, level, answered, abandoned }, alerts, served }) {
  return html`
    <tr data-sum=${name}>
      <th scope="row"><span class="row-button"><${Icon} name=${MEDIA[medium] ?? "note"} /><span>${title}</span></span></th>
      <td class="number figures">${waiting ? html`<b>${waiting}</b>` : "0"}</td>
      <td class="number">${Number.isFinite(oldest) ? html`<${Ticking} since=${oldest / 1000} />` : "–"}</td>
      <td class="number figures">${served}</td>
      <td class="figures">${level === null ? "–" : percent(level)}</td>
      <td class="number figures">${answered}</td>
      <td class="number figures">${abandoned}</td>
      <td><div class="tags"><${AlertMarks} alerts=${alerts} /></div></td>
    </tr>
  `;
}

export const titleOf = (queue) => label(queue.titles) || queue.title || queue.queue;

const Row = memo(({ queue, alerts, served, trend, chosen, choose, ask, drag }) => {
  const now = useRef(queue);
  now.current = queue;
  const { waiting, oldest_queued_at: oldest, service_level: level, medium } = queue;
  const fits = ({ agents, work }) => agents || work.every((item) => item.medium === medium);
  return html`
    <tr class=${chosen ? "chosen" : ""} data-queue=${queue.queue} ...${droppable(drag, fits, (what) => dropped(what, { queue: queue.queue }, ask))}>
      <${Name} id=${queue.queue} title=${titleOf(queue)} medium=${medium} chosen=${chosen} choose=${choose} speech=${language()} />
      <td class="number figures">${waiting ? html`<b>${waiting}</b>` : "0"}</td>
      <${Oldest} since=${oldest} limit=${level?.threshold_us} />
      <td class="number figures">${waiting ? about(expectedWait(queue, waiting + 1)) : "–"}</td>
      <td class="number figures">${served}</td>
      <td>${level && html`<${Level} level=${level} />`}</td>
      <td><div class="tags"><${Outlook} queue=${queue} /><${EmergencyMark} queue=${queue} /><${AlertMarks} alerts=${alerts} /></div></td>
      <td><${Trend} trend=${trend} target=${level?.target} speech=${language()} /></td>
      <td class="number figures">${level?.answered ?? "–"}</td>
      <td class="number figures">${queue.today?.abandoned ?? level?.abandoned ?? "–"}</td>
      <td><${Staff} outlook=${queue.outlook} /></td>
      <${Acts} now=${now} title=${titleOf(queue)} opening=${queue.opening} closed=${queue.closed} ask=${ask} speech=${language()} />
    </tr>
  `;
});

/** What changes seldom is drawn seldom: the figures beside it change with each customer. */
const Name = memo(
  ({ id, title, medium, chosen, choose }) => html`
    <th scope="row"><button type="button" class="row-button" aria-pressed=${chosen} title=${t("queues.choose")} onClick=${() => choose(chosen ? null : id)}><${Icon} name=${MEDIA[medium] ?? "note"} /><span>${title}</span></button></th>`,
);

/** `now.current` is the queue as it is when somebody clicks. */
const Acts = memo(
  ({ now, title, opening, closed, ask }) => html`
    <td class="queue-acts"><button type="button" class=${`button small ${closed ? "bad" : "quiet"}`} aria-label=${t("act.of", { act: t(closed ? "queues.closed" : "queues.open"), what: title })} title=${t(`opening.${opening}`)} onClick=${() => ask({ kind: "opening", queue: now.current })}>${t(closed ? "queues.closed" : "queues.open")}</button>
      <button type="button" class="button small quiet" onClick=${() => ask({ kind: "queue", queue: now.current })} aria-label=${t("queues.change_of", { queue: title })}>${t("queues.change")}</button></td>`,
);

/** Its own, so that a second more draws this cell alone. */
function Oldest({ since, limit }) {
  const now = useNow(1000);
  const late = since && limit && now * 1000 - since > limit;
  return html`<td class=${`number figures ${late ? "late" : ""}`}>${since ? duration(now - since / 1000) : "–"}</td>`;
}

/** An estimate is no promise, and shown as one to the next full half minute. */
export const about = (ms) => (ms === null ? "–" : t("queues.about", { wait: duration(Math.ceil(ms / 30000) * 30000) }));

function Level({ level }) {
  const { level: reached = null, target, threshold_us } = level;
  const promise = t("queues.promise", { target: percent(target), seconds: Math.round(threshold_us / 1e6) });
  const below = reached !== null && reached < target;
  return html`
    <div class=${`level ${below ? "below" : ""}`} title=${promise}>
      <meter min="0" max="1" low=${target} high=${target} optimum="1" value=${reached ?? 0} aria-label=${promise} class=${reached === null ? "unknown" : ""}></meter>
      <span class="figures"><b>${reached === null ? "–" : percent(reached)}</b> <small>/ ${percent(target)}</small></span>
    </div>
  `;
}

export const percent = (fraction) => `${Math.round(fraction * 100)} %`;
