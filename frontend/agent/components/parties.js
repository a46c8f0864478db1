// Who is in the call beside the customer and oneself, and what can be done with them.
import { Action, SureAction } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { html } from "../../lib/ui.js";
import { who } from "../attention.js";
import { queueTitle } from "../targets.js";

const isColleague = ({ kind, you }) => !you && (kind === "agent" || kind === "number");
const there = ({ state }) => state === "here" || state === "held";

/** `colleagues` are the other agents, and numbers that were called; `leads` is true for the agent who has been in the call longest. */
export function standing(parties) {
  const agents = parties.filter(({ kind }) => kind === "agent");
  const colleagues = parties.filter(isColleague);
  return {
    colleagues,
    leads: Boolean(agents[0]?.you),
    reached: colleagues.some(there),
    onHold: parties.some(({ state }) => state === "held"),
    customer: parties.find(({ kind }) => kind === "customer"),
  };
}

/** What a call with several agents is just now: a key of the texts, null for any other. */
export function course(parties) {
  const { reached, onHold, customer } = standing(parties);
  if (!reached) return null;
  if (!onHold) return "call.conference";
  return customer?.state === "held" ? "call.consulting" : null;
}

export function Parties({ call, parties, desk, open }) {
  const names = parties.map((party) => [party, nameOf(party, call)]);
  const { leads } = standing(parties);
  const state = names.map(([party, name]) => t("party.said", { name, state: stateOf(party) })).join(" ");
  return html`
    <section class="parties" aria-label=${t("party.heading")}>
      <p class="unseen" role="status">${state}</p>
      <ul>
        ${names.map(([party, name]) => html`
          <li key=${party.id} data-state=${party.state} data-kind=${party.kind}>
            <${Icon} name=${ICONS[party.kind]} />
            <p class="party-name"><bdi>${name}</bdi></p>
            <p class="party-state"><span class=${`tag ${LOOKS[party.state]}`}>${stateOf(party)}</span>${party.muted && html`<span class="tag"><${Icon} name="micOff" />${t("party.muted")}</span>`}</p>
            ${leads && isColleague(party) && html`
              <${Action} class="button quiet" disabled=${!open} aria-label=${t("party.drop_name", { name })} act=${() => desk.drop(call.reservation_id, party.id)}>${t("party.drop")}</${Action}>`}
            ${leads && party.kind === "customer" && html`
              <${SureAction} class="button quiet" disabled=${!open} sure=${t("party.end_sure")} act=${() => desk.drop(call.reservation_id, party.id)}>${t("party.end")}</${SureAction}>`}
          </li>`)}
      </ul>
      ${!leads && html`<${Beside} id=${call.reservation_id} parties=${parties} desk=${desk} open=${open} />`}
      ${leads && html`<${Consult} id=${call.reservation_id} parties=${parties} desk=${desk} open=${open} />`}
    </section>
  `;
}

const ICONS = { customer: "phone", agent: "headset", number: "keypad", supervisor: "person" };
const LOOKS = { here: "good", held: "warn", coming: "strong", away: "bad" };

/** One colleague can be taken back at a stroke; with more of them each is dropped by name. */
function Consult({ id, parties, desk, open }) {
  const { colleagues, reached, onHold, customer } = standing(parties);
  const coming = colleagues[0]?.state === "coming";
  if (!colleagues.length) return null;
  const back = () => desk.takeBack(id, colleagues[0].id, customer?.state === "held");
  return html`
    <div class="consult" role="toolbar" aria-label=${t("consult.controls")}>
      <${Action} class="button primary" data-key="KeyC" aria-keyshortcuts="Alt+C" disabled=${!open} act=${() => desk.completeTransfer(id)}><${Icon} name="check" />${t("consult.complete")}</${Action}>
      <${Action} class="button" data-key="KeyS" aria-keyshortcuts="Alt+S" disabled=${!open || !reached} act=${() => desk.swap(id)}><${Icon} name="swap" />${t("consult.swap")}</${Action}>
      <${Action} class="button" data-key="KeyJ" aria-keyshortcuts="Alt+J" disabled=${!open || !reached || !onHold} act=${() => desk.conference(id)}><${Icon} name="people" />${t("consult.join")}</${Action}>
      <${Action} class="button" data-key="KeyB" aria-keyshortcuts="Alt+B" disabled=${!open || colleagues.length !== 1} act=${back}><${Icon} name="back" />${t(coming ? "consult.cancel" : "consult.back")}</${Action}>
    </div>
  `;
}

/** Whoever was asked may speak with the customer, and join everybody; who stays and who goes is the other's to say. */
function Beside({ id, parties, desk, open }) {
  const { colleagues, onHold } = standing(parties);
  const here = parties.some(({ you, state }) => you && state === "here");
  if (!colleagues.some(there)) return null;
  return html`
    <div class="consult" role="toolbar" aria-label=${t("consult.controls")}>
      <${Action} class="button" data-key="KeyS" aria-keyshortcuts="Alt+S" disabled=${!open || !here} act=${() => desk.swap(id)}><${Icon} name="swap" />${t("consult.swap")}</${Action}>
      <${Action} class="button" data-key="KeyJ" aria-keyshortcuts="Alt+J" disabled=${!open || !here || !onHold} act=${() => desk.conference(id)}><${Icon} name="people" />${t("consult.join")}</${Action}>
    </div>
  `;
}

function nameOf(party, call) {
  if (party.you) return t("party.you");
  if (party.kind === "customer") return who(call);
  return party.name || party.number || t("party.of_queue", { queue: queueTitle(party.queue) });
}

function stateOf(party) {
  if (party.kind === "supervisor") return t(`party.${party.mode}`);
  return t(`party.${party.state}`);
}
