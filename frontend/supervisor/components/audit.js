// Who intervened when, in what, and what it was before and after.
import { Action } from "../../lib/controls.js";
import { label, t, tCode } from "../../lib/i18n.js";
import { named } from "../../lib/names.js";
import { dateTime } from "../../lib/time.js";
import { html, useEffect, useState } from "../../lib/ui.js";
import { problemText } from "../office.js";

const UNDOABLE = new Set(["set_rules", "set_presence", "move_work", "direct_work", "apply_plan", "save_plan"]);

export function AuditLog({ office }) {
  const [log, setLog] = useState({ items: [], undone: [], next: null, problem: null, ready: false });
  const load = async (before) => {
    try {
      const page = await office.audit(before);
      setLog((old) => ({ items: before ? [...old.items, ...page.items] : page.items, undone: [...(before ? old.undone : []), ...page.undone], next: page.next, problem: null, ready: true }));
    } catch (error) {
      setLog((old) => ({ ...old, problem: problemText(error), ready: true }));
    }
  };
  useEffect(() => void load(null), []);
  const undo = async (id) => {
    await office.undo([id]);
    await load(null);
  };
  return html`
    <section class="card sheet" aria-labelledby="audit-heading">
      <h2 id="audit-heading">${t("supervisor.audit")} <${Action} class="button small" act=${() => load(null)}>${t("audit.reload")}</${Action}></h2>
      ${log.problem && html`<p class="problem" role="alert">${log.problem}</p>`}
      ${log.ready && !log.problem && log.items.length === 0 && html`<p class="quiet-text none">${t("audit.none")}</p>`}
      <div class="scroll" tabindex="0" role="group" aria-labelledby="audit-heading">
        ${log.items.length > 0 && html`
          <table class="audit">
            <thead><tr><th scope="col">${t("audit.when")}</th><th scope="col">${t("audit.who")}</th><th scope="col">${t("audit.what")}</th><th scope="col">${t("audit.change")}</th><th scope="col">${t("audit.comment")}</th></tr></thead>
            <tbody>${log.items.map((entry) => html`<${Entry} key=${entry.id} entry=${entry} undone=${log.undone.includes(entry.id)} undo=${undo} />`)}</tbody>
          </table>`}
      </div>
      ${log.next && html`<p class="none"><${Action} class="button" act=${() => load(log.next)}>${t("audit.older")}</${Action}></p>`}
    </section>
  `;
}

function Entry({ entry, undone, undo }) {
  return html`
    <tr>
      <td class="figures">${dateTime(entry.at)}</td>
      <td><b><bdi title=${entry.by}>${named(entry.by)}</bdi></b> <small>${tCode("role", entry.role)}</small></td>
      <td>${tCode("action", entry.action)}<small class="subject"><bdi>${subjectOf(entry.subject)}</bdi></small></td>
      <td><${Changes} before=${entry.before} after=${entry.after} /></td>
      <td><bdi>${entry.comment}</bdi>
        ${undone && html`<span class="tag">${t("undo.undone")}</span>`}
        ${!undone && UNDOABLE.has(entry.action) && html`<${Action} class="button small" aria-label=${t("undo.this", { what: `${tCode("action", entry.action)}, ${subjectOf(entry.subject)}` })} act=${() => undo(entry.id)}>${t("undo.undo")}</${Action}>`}</td>
    </tr>
  `;
}

/** Key by key, what was and what is; keys that did not change are left out. */
export function Changes({ before, after }) {
  const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const changed = keys.filter((key) => key in (after ?? {}) && JSON.stringify(before?.[key]) !== JSON.stringify(after[key]));
  return html`
    <dl class="changes">
      ${changed.map((key) => html`<div key=${key}><dt>${fieldOf(key)}</dt><dd><del><${Value} of=${before?.[key]} field=${key} /></del> <span aria-hidden="true">→</span> <ins><${Value} of=${after[key]} field=${key} /></ins></dd></div>`)}
    </dl>
  `;
}

/** "agent:anna.skills" is the field of one subject of several. */
function fieldOf(key) {
  const at = key.lastIndexOf(".");
  return at < 0 ? tCode("field", key) : html`<bdi>${subjectOf(key.slice(0, at))}</bdi> ${tCode("field", key.slice(at + 1))}`;
}

/** "agent:anna" in words; what has no name (a call, a follow-up) keeps its number. */
export function subjectOf(subject) {
  const at = subject.indexOf(":");
  if (at < 0) return tCode("subject", subject);
  return `${tCode("subject", subject.slice(0, at))} ${named(subject.slice(at + 1))}`;
}

const CODES = { presence: "presence", mode: "live_calls", outcome: "outcome", opening: "opening" };
const PREFIX = { mode: "mode_" };
// What a queue of an agent says when nothing was set.
const USUAL = { priority: 1, delay_s: 0 };

function Value({ of: value, field }) {
  if (value === null || value === undefined) return "–";
  const name = field.slice(field.lastIndexOf(".") + 1);
  return html`<bdi>${said(value, name) || "–"}</bdi>`;
}

function said(value, field) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return t(value ? "audit.yes" : "audit.no");
  if (Array.isArray(value)) return value.map((each) => said(each, field)).join(", ");
  if (typeof value !== "object") return CODES[field] ? tCode(CODES[field], `${PREFIX[field] ?? ""}${value}`, named(String(value))) : named(String(value));
  if (field === "title") return label(value);
  return Object.entries(value)
    .filter(([key, each]) => USUAL[key] !== each)
    .map(([key, each]) => `${tCode("field", key, named(key))} ${said(each, key)}`.trim())
    .join(", ");
}
