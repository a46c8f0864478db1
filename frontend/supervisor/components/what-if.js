// What a change would do, beside the button that makes it: the next half hour, played under both rules (docs/what-if.md).
import { storedToken } from "../../lib/account.js";
import { ApiError, lines } from "../../lib/api.js";
import { label, t, tCode } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { duration } from "../../lib/time.js";
import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { titleOf } from "./queues.js";

const SHARES = ["level", "abandoned", "unserved"];
// Of these more is better, of the others less; more or less time busy is neither.
const WANTED = new Set(["level"]);
const NONE = new Set(["equal", "unknown"]);

/** `draft` is the body of POST /what-if as the form stands, null while there is nothing to try; `name` is for its ids. */
export function WhatIf({ state, draft, name = "what-if" }) {
  const [asked, setAsked] = useState(null); // the draft that is played, as text
  const [told, setTold] = useState({}); // the last line of each kind
  const [running, setRunning] = useState(false);
  const [problem, setProblem] = useState(null);
  const going = useRef(null);
  useEffect(() => () => going.current?.abort(), []);
  const now = JSON.stringify(draft);
  const stop = () => going.current?.abort();
  const ask = async () => {
    stop();
    const mine = new AbortController();
    going.current = mine;
    setAsked(now);
    setTold({});
    setProblem(null);
    setRunning(true);
    const take = (line) => mine === going.current && (line.type === "failed" ? setProblem(t("what_if.failed")) : setTold((all) => ({ ...all, [line.type]: line })));
    try {
      await lines("what-if", { body: draft, signal: mine.signal, onLine: take });
    } catch (error) {
      if (!mine.signal.aborted) setProblem(why(error));
    }
    if (mine === going.current) setRunning(false);
  };
  const { assumed, compared } = told;
  const changed = asked !== null && asked !== now;
  const heading = `${name}-heading`;
  return html`
    <section class="what-if" aria-labelledby=${heading}>
      <h3 id=${heading}>${t("what_if.heading")}</h3>
      ${asked === null && html`<p class="hint">${t("what_if.hint")}</p>`}
      ${compared && html`<${Table} state=${state} compared=${compared} heading=${heading} />`}
      <div class="what-if-acts">
        ${running
          ? html`<button type="button" class="button" onClick=${stop}>${t("what_if.stop")}</button>`
          : html`<button type="button" class="button" disabled=${!draft || !storedToken()} onClick=${ask}>${t(asked === null ? "what_if.ask" : "what_if.again")}</button>`}
        <span role="status">${changed ? t("what_if.changed") : progress(running, compared, asked)}</span>
        ${running && compared && !changed && html`<span class="going">${t("what_if.going", { pairs: compared.pairs })}</span>`}
      </div>
      <p class="problem" role="alert">${problem}</p>
      ${assumed && html`<${Assumed} state=${state} assumed=${assumed} />`}
    </section>
  `;
}

/** What is said aloud too: not each step, only that it began and is over. */
function progress(running, compared, asked) {
  if (running) return asked !== null && !compared ? t("what_if.starting") : "";
  return compared ? t("what_if.done", { pairs: compared.pairs }) : "";
}

function why(error) {
  if (!(error instanceof ApiError)) return t("sign_in.unreachable");
  if (error.code === "busy") return t("what_if.busy");
  return tCode("intervention", error.code, error.message);
}

function Table({ state, compared: { queues, teams }, heading }) {
  const rows = queues.map((one) => [one, ["level", "wait_us", "abandoned", "unserved"].filter((name) => worth(one[name]))]).filter(([, names]) => names.length);
  const busy = teams.filter(({ occupancy }) => worth(occupancy));
  const others = queues.length - rows.length;
  if (!rows.length && !busy.length) return html`<p class="no-difference">${t("what_if.none")}</p>`;
  return html`
    <div class="scroll" tabindex="0" role="group" aria-labelledby=${heading}>
      <table>
        <thead><tr><th scope="col">${t("what_if.next")}</th><th scope="col">${t("what_if.before")}</th><th scope="col">${t("what_if.after")}</th><th scope="col">${t("what_if.difference")}</th></tr></thead>
        ${rows.map(([one, names]) => html`
          <tbody key=${one.queue} data-queue=${one.queue}>
            <tr><th scope="rowgroup" colspan="4">${titleOf(state.queues.get(one.queue) ?? one)}</th></tr>
            ${names.map((name) => html`<${Row} key=${name} name=${name} measure=${one[name]} />`)}
          </tbody>`)}
        ${busy.map(({ team, occupancy }) => html`
          <tbody key=${team} data-team=${team}>
            <tr><th scope="rowgroup" colspan="4">${label(state.teams[team]) || team}</th></tr>
            <${Row} name="occupancy" measure=${occupancy} />
          </tbody>`)}
      </table>
    </div>
    ${others > 0 && html`<p class="hint">${t("what_if.others", { count: others })}</p>`}
  `;
}

const worth = ({ verdict }) => !NONE.has(verdict);

function Row({ name, measure: { before, after, difference, verdict } }) {
  const judged = judgement(name, verdict);
  return html`
    <tr class=${judged} data-measure=${name}>
      <th scope="row">${t(`what_if.${name}`)}</th>
      <td class="figures"><${Value} name=${name} of=${before} /></td>
      <td class="figures"><${Value} name=${name} of=${after} /></td>
      <td><span class=${`verdict ${judged}`}>${verdict !== "unclear" && html`<${Icon} name=${verdict === "higher" ? "up" : "down"} />`}${t(`what_if.${judged}`)}</span>
        <span class="figures range">${change(name, difference)}</span></td>
    </tr>
  `;
}

function judgement(name, verdict) {
  if (verdict === "unclear") return "unclear";
  if (name === "occupancy") return verdict === "higher" ? "busier" : "freer";
  return (verdict === "higher") === WANTED.has(name) ? "better" : "worse";
}

function Value({ name, of: { value, low, high } }) {
  if (value === null) return "–";
  return html`<b>${shown(name, value)}</b>${low !== null && html`<small class="range">${t("what_if.range", { low: shown(name, low), high: shown(name, high) })}</small>`}`;
}

const shown = (name, value) => (name === "wait_us" ? duration(value / 1000) : `${Math.round(value * 100)} %`);

/** The difference with its interval: seconds or minutes of waiting, or percentage points. */
function change(name, { value, low, high }) {
  if (value === null) return "–";
  const signed = (number) => (name === "wait_us" ? `${number < 0 ? "−" : "+"}${duration(Math.abs(number) / 1000)}` : `${number < 0 ? "−" : "+"}${Math.abs(number * 100).toFixed(1)}`);
  const text = low === null ? signed(value) : `${signed(value)} (${t("what_if.range", { low: signed(low), high: signed(high) })})`;
  return SHARES.includes(name) || name === "occupancy" ? t("what_if.points", { value: text }) : text;
}

/** Where the numbers of the future come from: it is a guess, and this is what it rests on. */
function Assumed({ state, assumed: { queues } }) {
  const from = (word) => t(`what_if.from.${word}`);
  return html`
    <details>
      <summary>${t("what_if.assumed")}</summary>
      <p>${t("what_if.note")}</p>
      <ul>
        ${queues.map((one) => html`
          <li key=${one.queue}>${t("what_if.assumed_queue", {
            queue: titleOf(state.queues.get(one.queue) ?? one),
            rate: Math.round(one.arrivals_per_hour * 10) / 10,
            rate_from: from(one.arrivals_from),
            talk: duration(one.talk_us / 1000),
            wrap_up: duration(one.wrap_up_us / 1000),
            handling_from: from(one.handling_from),
            patience: one.patience_us === null ? t("what_if.for_ever") : duration(one.patience_us / 1000),
            patience_from: from(one.patience_from),
          })}</li>`)}
      </ul>
    </details>
  `;
}
