// The screen: one page at a time, each of the same make, and a banner when what it shows is old.
import { label, language, t, tCode } from "../lib/i18n.js";
import { Icon } from "../lib/icons.js";
import { duration, serverNow, useNow } from "../lib/time.js";
import { html, useEffect, useLayoutEffect, useState } from "../lib/ui.js";
import { pages } from "./state.js";

const EVERY_S = 15;
const SHORTEST_S = 3;
const MEDIA = { voice: "phone", chat: "chat", email: "mail" };
const percent = (share) => `${Math.round(share * 100)} %`;
const titleOf = (queue) => label(queue.titles) || queue.title || queue.queue;

export function Wallboard({ store, everyS = EVERY_S }) {
  const [state, setState] = useState(store.get());
  useLayoutEffect(() => store.listen(setState), [store]);
  const [turn, setTurn] = useState({ at: 0, held: false });
  const teamOf = (team) => label(state.teamTitles[team]) || team;
  const all = pages(state, titleOf, teamOf);
  useEffect(() => {
    if (turn.held) return undefined;
    const timer = setInterval(() => setTurn(({ at, held }) => ({ at: at + 1, held })), Math.max(SHORTEST_S, everyS) * 1000);
    return () => clearInterval(timer);
  }, [turn.held, everyS]);
  useEffect(() => {
    // Nobody needs a keyboard here; who has one can turn the pages and hold one.
    const steps = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 };
    const pressed = ({ key }) => {
      if (key in steps) setTurn(({ at, held }) => ({ at: at + steps[key], held }));
      if (key === " ") setTurn(({ at, held }) => ({ at, held: !held }));
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  if (!state.ready) return html`<${Blank} connection=${state.connection} />`;
  const number = all.length ? ((turn.at % all.length) + all.length) % all.length : 0;
  const page = all[number];
  const stale = state.connection !== "online";
  return html`
    <div class=${`wall ${stale ? "stale" : ""}`}>
      <header>
        <p class="name">${state.name}</p>
        <h1>${page ? headingOf(page) : t("wall.title")}</h1>
        <${Clock} zone=${state.zone} />
      </header>
      <main>${page ? html`<${Page} key=${page.key} page=${page} state=${state} teamOf=${teamOf} />` : html`<p class="nothing">${t("wall.none")}</p>`}</main>
      ${stale
        ? html`<footer class="banner" role="alert"><${Icon} name="alert" /><span>${t("wall.stale", { time: clock(state.heardAt, state.zone, true) })}</span></footer>`
        : html`<footer><span>${t("wall.today")}</span><span>${turn.held ? `${t("wall.held")} · ` : ""}${t("wall.page", { number: number + 1, count: Math.max(1, all.length) })}</span></footer>`}
    </div>
  `;
}

function Blank({ connection }) {
  const key = { ended: "wall.void", no_link: "wall.no_link" }[connection];
  return html`<div class="blank" role="status"><h1>${t(key ?? "wall.connecting")}</h1>${key && html`<p>${t("wall.void_hint")}</p>`}</div>`;
}

function headingOf({ kind, group, part }) {
  const heading = { queues: t("wall.queues"), media: t("wall.media"), agents: t("wall.agents"), alerts: t("wall.alerts") }[kind];
  return [group || heading, part].filter(Boolean).join(" · ");
}

function clock(ms, zone, seconds = false) {
  const style = { hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined, hour12: false };
  return new Intl.DateTimeFormat(language(), { ...style, timeZone: zone }).format(ms);
}

function Clock({ zone }) {
  useNow(1000);
  const now = serverNow();
  const day = new Intl.DateTimeFormat(language(), { weekday: "short", day: "numeric", month: "short", timeZone: zone }).format(now);
  return html`<p class="clock"><span>${day}</span> <b>${clock(now, zone)}</b></p>`;
}

function Page({ page: { kind, rows }, state, teamOf }) {
  switch (kind) {
    case "queues":
      return html`<${Table} kind="queues" heads=${[t("wall.queue"), t("wall.waiting"), t("wall.longest"), t("wall.level"), t("wall.free_here")]} rows=${rows.map((queue) => html`<${Queue} key=${queue.queue} queue=${queue} />`)} />`;
    case "media":
      return html`<${Table} kind="media" heads=${[t("wall.medium_head"), t("wall.waiting"), t("wall.longest"), t("wall.answered"), t("wall.abandoned"), t("wall.level")]} rows=${rows.map((sum) => html`<${Medium} key=${sum.medium} sum=${sum} />`)} />`;
    case "agents":
      return html`<${Table} kind="agents" heads=${[t("wall.team"), t("wall.free"), t("wall.busy"), t("wall.wrap_up"), t("wall.away"), t("wall.signed_in")]} rows=${rows.map((team) => html`
        <tr key=${team.team} data-team=${team.team ?? "all"}><th scope="row">${team.team === null ? t("wall.all_teams") : teamOf(team.team)}</th>
          <td>${team.free}</td><td>${team.busy}</td><td>${team.wrap_up}</td><td>${team.away}</td><td>${team.signed_in}</td></tr>`)} />`;
    default:
      return html`<ul class="alerts">${rows.map((alert) => html`<${Alert} key=${alert.id} alert=${alert} state=${state} />`)}</ul>`;
  }
}

function Table({ kind, heads, rows }) {
  return html`
    <table class=${kind}>
      <thead><tr>${heads.map((head) => html`<th scope="col" key=${head}>${head}</th>`)}</tr></thead>
      <tbody>${rows}</tbody>
    </table>
  `;
}

/** How long the first has waited; said in a word when that is longer than promised. */
function Longest({ oldest, threshold }) {
  const now = useNow(1000);
  if (!oldest) return "–";
  const over = threshold !== undefined && now * 1000 - oldest > threshold;
  return html`<span class=${over ? "bad" : ""}>${duration(now - oldest / 1000)}</span>${over && html`<small class="bad"><${Icon} name="alert" />${t("wall.over")}</small>`}`;
}

function Queue({ queue }) {
  const { medium, waiting, oldest_queued_at: oldest, service_level: level, outlook, closed } = queue;
  const met = level?.level === null || level?.level === undefined ? null : level.level >= level.target;
  return html`
    <tr data-queue=${queue.queue}>
      <th scope="row"><${Icon} name=${MEDIA[medium] ?? "note"} /><span class=${closed ? "closed" : ""}>${titleOf(queue)}</span>${closed && html`<small>${t("wall.closed")}</small>`}</th>
      <td class="waiting">${waiting}</td>
      <td><${Longest} oldest=${oldest} threshold=${level?.threshold_us} /></td>
      <td class="level">${met === null
        ? "–"
        : html`<span>${percent(level.level)}</span><small class=${met ? "good" : "bad"}><${Icon} name=${met ? "check" : "alert"} />${t(met ? "wall.on_target" : "wall.below", { target: percent(level.target) })}</small>`}</td>
      <td>${outlook ? html`${outlook.free}<span class="of"> / ${outlook.staffed}</span>` : "–"}</td>
    </tr>
  `;
}

function Medium({ sum: { medium, waiting, oldest, answered, abandoned, within, settled } }) {
  return html`
    <tr data-medium=${medium}>
      <th scope="row"><${Icon} name=${MEDIA[medium] ?? "note"} /><span>${tCode("wall.medium", medium)}</span></th>
      <td class="waiting">${waiting}</td><td><${Longest} oldest=${oldest} /></td><td>${answered}</td><td>${abandoned}</td><td>${settled ? percent(within / settled) : "–"}</td>
    </tr>
  `;
}

function Alert({ alert: { id, kind, subject_kind, subject, raised_at, seen }, state }) {
  const now = useNow(1000);
  const about = subject_kind === "queue" ? titleOf(state.queues.get(subject) ?? { queue: subject }) : t("wall.channel", { channel: subject });
  return html`
    <li data-alert=${id} class=${seen ? "seen" : ""}>
      <p><${Icon} name=${seen ? "check" : "alert"} /><b>${tCode("alert", kind, kind.replaceAll("_", " "))}</b> <span class="about">${about}</span> <span class="since">${duration(now - raised_at / 1000)}</span></p>
      <small>${t(seen ? "wall.seen" : "wall.unseen")}</small>
    </li>
  `;
}
