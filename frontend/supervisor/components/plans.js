// Peak plans: what each would change now, applied and reverted as one, and the live edits saved as another.
import { Action, useOnce } from "../../lib/controls.js";
import { label, t } from "../../lib/i18n.js";
import { dateTime } from "../../lib/time.js";
import { html, useEffect, useState } from "../../lib/ui.js";
import { problemText } from "../office.js";
import { nameOf } from "../store.js";
import { Changes } from "./audit.js";
import { titleOf } from "./queues.js";
import { WhatIf } from "./what-if.js";

export function Plans({ office, state }) {
  const [found, setFound] = useState({ plans: null, version: 0, problem: null });
  const load = () =>
    office.plans().then(
      (answer) => setFound({ ...answer, problem: null }),
      (error) => setFound((old) => ({ ...old, plans: old.plans ?? [], problem: problemText(error) })),
    );
  useEffect(() => void load(), []);
  /** What was done is said with the way back; who was second sees what holds now. */
  const act = async (done, request) => {
    try {
      office.done(done, await request());
    } catch (error) {
      const who = error.problem?.changes?.at(-1)?.by;
      office.tell(who ? t("undo.meanwhile", { who }) : problemText(error), "error");
    }
    await load();
  };
  return html`
    <section class="card sheet" aria-labelledby="plans-heading">
      <h2><span id="plans-heading">${t("supervisor.plans")}</span> <${Action} class="button small" act=${load}>${t("audit.reload")}</${Action}></h2>
      ${found.problem && html`<p class="problem none" role="alert">${found.problem}</p>`}
      ${found.plans?.length === 0 && html`<p class="quiet-text none">${t("plans.none")}</p>`}
      <ul class="plans">${(found.plans ?? []).map((plan) => html`<${Plan} key=${plan.plan} plan=${plan} office=${office} state=${state} act=${act} />`)}</ul>
      ${found.plans && html`<${Save} office=${office} version=${found.version} act=${act} />`}
    </section>
  `;
}

function Plan({ plan, office, state, act }) {
  const { plan: name, titles, saved, version, changes, problems, applied, rows } = plan;
  const title = label(titles) || name;
  const run = (verb, body, done) => act(t(done, { plan: title }), () => office.plan(name, verb, body));
  const shown = applied ? Object.entries(rows).map(([subject, after]) => ({ subject, before: {}, after })) : bySubject(changes);
  return html`
    <li data-plan=${name}>
      <h3>${title} ${saved && html`<span class="tag">${t("plans.saved")}</span>`} ${applied && html`<span class="tag good">${t("plans.applied", { who: applied.by, time: dateTime(applied.at) })}</span>`}</h3>
      ${problems.map((problem) => html`<p class="problem" key=${problem}>${problem}</p>`)}
      <p class="quiet-text">${t(applied ? "plans.holds" : changes.length ? "plans.would" : "plans.nothing")}</p>
      <dl class="plan-changes">${shown.map(({ subject, before, after }) => html`<div key=${subject}><dt>${subjectOf(subject, state)}</dt><dd><${Changes} before=${before} after=${after} /></dd></div>`)}</dl>
      <p class="sheet-acts">
        ${applied
          ? html`<${Action} class="button primary small" act=${() => run("revert", {}, "plans.reverted")}>${t("plans.revert")}</${Action}>
              <${Action} class="button small" title=${t("plans.anyway_hint")} act=${() => run("revert", { anyway: true }, "plans.reverted")}>${t("undo.rest")}</${Action}>`
          : html`<${Action} class="button primary small" disabled=${problems.length > 0} act=${() => run("apply", { based_on: version }, "plans.done")}>${t("plans.apply")}</${Action}>`}
        ${saved && !applied && html`<${Action} class="button small quiet bad" act=${() => run("drop", { based_on: version }, "plans.dropped")}>${t("plans.drop")}</${Action}>`}
      </p>
      ${!applied && changes.length > 0 && problems.length === 0 && html`<${WhatIf} state=${state} draft=${{ plan: name }} name=${`what-if-${name}`} />`}
    </li>
  `;
}

function bySubject(changes) {
  const found = new Map();
  for (const { subject, key, before, after } of changes) {
    const row = found.get(subject) ?? { subject, before: {}, after: {} };
    row.before[key] = before;
    row.after[key] = after;
    found.set(subject, row);
  }
  return [...found.values()];
}

function subjectOf(subject, state) {
  const [kind, id] = [subject.slice(0, subject.indexOf(":")), subject.slice(subject.indexOf(":") + 1)];
  return kind === "agent" ? nameOf(state.agents.get(id) ?? { agent_id: id }) : titleOf(state.queues.get(id) ?? { queue: id });
}

/** The name in addresses and files is made of the title, or of the time when the title has no letters for it. */
const nameFrom = (title) => {
  const plain = title.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^[^a-z]+|_+$/g, "");
  return (plain || `plan_${Date.now().toString(36)}`).slice(0, 60);
};

function Save({ office, version, act }) {
  const [title, setTitle] = useState("");
  const save = useOnce(async () => {
    await act(t("plans.kept", { plan: title }), () => office.savePlan(nameFrom(title), { en: title }, version, ""));
    setTitle("");
  });
  return html`
    <form class="plan-save" onSubmit=${(event) => (event.preventDefault(), save())}>
      <label>${t("plans.save_as")}<input name="plan" required maxlength="100" value=${title} onInput=${({ target }) => setTitle(target.value)} /></label>
      <button class="button small">${t("plans.save")}</button>
      <p class="quiet-text">${t("plans.save_hint")}</p>
    </form>
  `;
}
