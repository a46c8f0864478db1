// Whom to hand a call or a chat to: agents with whether they are free, queues, a number; at once, or after speaking with
// them.
import { Action } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { InfoSheet } from "../../lib/sheet.js";
import { html, useState } from "../../lib/ui.js";
import { queueTitle, useTargets } from "../targets.js";

const NUMBER = /^\+?\d{3,20}$/;

/** `here` are the agents who are in the call already; `transfer(target, warm)` gives what went wrong, or null. */
export function TransferSheet({ desk, medium = "voice", here, transfer, close, children }) {
  const { targets, failed } = useTargets(medium, desk);
  const voice = medium === "voice";
  const [wanted, setWanted] = useState("");
  const [problem, setProblem] = useState(null);
  const find = (name) => name.toLowerCase().includes(wanted.trim().toLowerCase());
  const hand = async (target, warm) => {
    const wrong = await transfer(target, warm);
    if (wrong) setProblem(wrong);
    else close();
  };
  const number = wanted.replaceAll(/[\s().\/-]/g, "");
  const agents = targets?.agents.filter(({ name }) => find(name)) ?? [];
  const queues = targets?.queues.filter(({ queue }) => find(queueTitle(queue))) ?? [];
  return html`
    <${InfoSheet} heading=${t(voice ? "transfer.heading" : "transfer.chat_heading")} close=${close}>
      ${children}
      <label>${t(voice ? "transfer.find" : "transfer.find_chat")}<input type="text" autocomplete="off" autofocus value=${wanted} onInput=${({ target }) => setWanted(target.value)} /></label>
      <p class="problem" role="alert">${problem ?? (failed ? t("transfer.no_list") : "")}</p>
      ${voice && NUMBER.test(number) && html`
        <${Targets} heading=${t("transfer.number")}>
          ${[html`<${Target} key="number" name=${number} possible=${true} hand=${(warm) => hand({ number }, warm)} />`]}
        </${Targets}>`}
      ${targets && html`
        <${Targets} heading=${t("transfer.agents")}>
          ${agents.map(({ agent_id, name, availability }) => {
            const present = here.includes(agent_id);
            const free = availability === "free" && !present;
            return html`
              <${Target} key=${agent_id} name=${name} voice=${voice} possible=${free} hand=${(warm) => hand({ agent: agent_id }, warm)}>
                <span class=${`tag ${free ? "good" : ""}`}>${t(present ? "transfer.here" : `transfer.${availability}`)}</span>
              </${Target}>`;
          })}
        </${Targets}>
        <${Targets} heading=${t("transfer.queues")}>
          ${queues.map(({ queue, waiting, free }) => html`
            <${Target} key=${queue} name=${queueTitle(queue)} voice=${voice} possible=${true} hand=${(warm) => hand({ queue }, warm)}>
              <span class=${`tag ${free > 0 ? "good" : ""}`}>${t("transfer.queue_free", { free })}</span>
              <span class="tag">${t("transfer.queue_waiting", { waiting })}</span>
            </${Target}>`)}
        </${Targets}>`}
    </${InfoSheet}>
  `;
}

function Targets({ heading, children }) {
  return html`
    <section class="targets" aria-label=${heading}>
      <h3>${heading}</h3>
      ${children.length ? html`<ul>${children}</ul>` : html`<p class="quiet-text">${t("transfer.nobody")}</p>`}
    </section>
  `;
}

function Target({ name, voice = true, possible, hand, children }) {
  return html`
    <li>
      <p class="target-name"><bdi>${name}</bdi></p>
      <p class="target-state">${children}</p>
      ${voice && html`<${Action} class="button" disabled=${!possible} aria-label=${t("transfer.ask_first_of", { name })} act=${() => hand(true)}>${t("transfer.ask_first")}</${Action}>`}
      <${Action} class="button" disabled=${!possible} aria-label=${t("transfer.at_once_to", { name })} act=${() => hand(false)}>${t("transfer.at_once")}</${Action}>
    </li>
  `;
}
