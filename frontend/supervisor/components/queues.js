// Queues with who waits, for how long, and today's service level against the promise.
import { Ticking } from "../../lib/controls.js";
import { label, t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { duration, useNow } from "../../lib/time.js";
import { html } from "../../lib/ui.js";
import { expectedWait, notTaken } from "../store.js";
import { AlertMarks } from "./alerts.js";
import { Outlook, Staff } from "./outlook.js";
import { Trend, useTrends } from "./trend.js";

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

export function Queues({ office, state, chosen, choose, ask }) {
  const trends = useTrends(office);
  const queues = [...state.queues.values()].sort((a, b) => titleOf(a).localeCompare(titleOf(b)));
  return html`
    <section class="card sheet whole" aria-labelledby="queues-heading">
      <h2><span id="queues-heading">${t("queues.heading")}</span> <button type="button" class="button small" onClick=${() => ask({ kind: "export" })}><${Icon} name="save" />${t("export.open")}</button></h2>
      <div class="scroll" tabindex="0" role="group" aria-labelledby="queues-heading">
        <table class="queues">
          <thead><tr><th scope="col">${t("queues.queue")}</th><th scope="col" class="number">${t("queues.waiting")}</th><th scope="col" class="number">${t("queues.oldest")}</th><th scope="col" class="number" title=${t("queues.expected_hint")}>${t("queues.expected")}</th><th scope="col">${t("queues.level")}</th><th scope="col" title=${t("queues.outlook_hint")}>${t("queues.outlook")}</th><th scope="col">${t("queues.trend")}</th><th scope="col" class="number">${t("queues.answered")}</th><th scope="col" class="number">${t("queues.abandoned")}</th><th scope="col" title=${t("queues.staff_hint")}>${t("queues.staff")}</th><th scope="col">${t("queues.opening")}</th></tr></thead>
          <tbody>${queues.map((queue) => html`<${Row} key=${queue.queue} queue=${queue} state=${state} trend=${trends.get(queue.queue)} chosen=${queue.queue === chosen} choose=${choose} ask=${ask} />`)}</tbody>
        </table>
      </div>
      ${queues.length === 0 && html`<p class="quiet-text none">${t("queues.none")}</p>`}
    </section>
  `;
}

export const titleOf = (queue) => label(queue.titles) || queue.title || queue.queue;

function Row({ queue, state, trend, chosen, choose, ask }) {
  const { waiting, oldest_queued_at: oldest, service_level: level, medium } = queue;
  const now = useNow(1000);
  const late = oldest && level && now * 1000 - oldest > level.threshold_us;
  return html`
    <tr class=${chosen ? "chosen" : ""} data-queue=${queue.queue}>
      <th scope="row"><button type="button" class="row-button" aria-pressed=${chosen} title=${t("queues.choose")} onClick=${() => choose(chosen ? null : queue.queue)}><${Icon} name=${MEDIA[medium] ?? "note"} /><span>${titleOf(queue)}</span></button></th>
      <td class="number figures">${waiting ? html`<b>${waiting}</b>` : "0"}</td>
      <td class=${`number ${late ? "late" : ""}`}>${oldest ? html`<${Ticking} since=${oldest / 1000} />` : "–"}</td>
      <td class="number figures">${waiting ? about(expectedWait(queue, waiting + 1)) : "–"}</td>
      <td>${level && html`<${Level} level=${level} />`}</td>
      <td><div class="tags"><${Outlook} queue=${queue} /><${AlertMarks} state=${state} kind="queue" subject=${queue.queue} /></div></td>
      <td><${Trend} trend=${trend} target=${level?.target} /></td>
      <td class="number figures">${level?.answered ?? "–"}</td>
      <td class="number figures">${queue.today?.abandoned ?? level?.abandoned ?? "–"}</td>
      <td><${Staff} outlook=${queue.outlook} /></td>
      <td><button type="button" class=${`button small ${queue.closed ? "bad" : "quiet"}`} title=${t(`opening.${queue.opening}`)} onClick=${() => ask({ kind: "opening", queue })}>${t(queue.closed ? "queues.closed" : "queues.open")}</button></td>
    </tr>
  `;
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
