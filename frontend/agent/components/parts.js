// Small pieces that several cards share.
import { Ticking } from "../../lib/controls.js";
import { label, t, tCode } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { named, word } from "../../lib/names.js";
import { duration } from "../../lib/time.js";
import { html } from "../../lib/ui.js";
import { who } from "../attention.js";

export function Caller({ card, level: Level = "h2" }) {
  const { number, verified } = card.caller;
  const name = who(card);
  return html`
    <div class="caller">
      <${Level} class="caller-name"><bdi>${name}</bdi></${Level}>
      <p class="caller-number">
        ${number && number !== name && html`<bdi class="figures">${number}</bdi>`}
        ${verified && html`<span class="tag good"><${Icon} name="shield" />${t(number ? "caller.verified" : "caller.signed_in")}</span>`}
        ${!verified && number && html`<span class="tag">${t("caller.unverified")}</span>`}
      </p>
    </div>
  `;
}

/** Who ended it, in the words of its medium; an e-mail just ends. */
export function endedBy({ medium, by }) {
  if (medium === "email") return "";
  return medium === "chat" ? t(`chat_ended_by.${by}`) : t(`ended_by.${by}`);
}

/** Queue, skills, the way through the menu and what the menu collected. */
export function Facts({ card, waiting }) {
  const data = Object.entries(card.data ?? {});
  return html`
    <dl class="facts">
      <div><dt>${t("facts.queue")}</dt><dd><span class="tag strong">${label(card.queue_title) || card.queue}</span></dd></div>
      <div>
        <dt>${t("facts.waited")}</dt>
        <dd>${waiting ? html`<${Ticking} since=${card.queued_at_us / 1000} />` : html`<span class="figures">${duration(card.waited_ms)}</span>`}</dd>
      </div>
      ${(card.requirements ?? []).length > 0 && html`<div><dt>${t("facts.skills")}</dt><dd>${card.requirements.map(
        ({ skill, minimum, title }) => html`<span class="tag" title=${t("facts.minimum", { minimum })}>${label(title) || skill} <b>${minimum}+</b></span>`,
      )}</dd></div>`}
      ${data.map(([key, value]) => html`<div><dt>${tCode("data", key, key.replaceAll("_", " "))}</dt><dd class="figures"><bdi>${word(value)}</bdi></dd></div>`)}
      ${(card.ivr_path ?? []).length > 0 && html`<div class="wide"><dt>${t("facts.path")}</dt><dd><ol class="path">${card.ivr_path.map(
        (step) => html`<li><bdi>${word(step)}</bdi></li>`,
      )}</ol></dd></div>`}
    </dl>
  `;
}

/** Why the router chose this agent: the terms in the order in which they decide. */
export function Why({ why }) {
  if (!why) return null;
  if (why.strategy === "directed") return html`<p class="why"><${Icon} name="route" />${t("why.heading")} <b>${t("why.directed")}</b></p>`;
  return html`
    <details class="why">
      <summary><${Icon} name="route" />${t("why.heading")} <span>${tCode("strategy", why.strategy)}</span><${Icon} name="down" /></summary>
      <ol>
        ${Object.entries(why.terms).map(([name, value]) => html`<li><span>${tCode("term", name)}</span> <b class="figures">${termValue(name, value)}</b></li>`)}
      </ol>
      ${why.runner_up && html`<p>${t("why.runner_up", { who: named(why.runner_up) })}</p>`}
    </details>
  `;
}

function termValue(name, value) {
  if (name === "idle_since") return html`<${Ticking} since=${value / 1000} />`;
  return name === "load" ? `${Math.round(value / 10)} %` : value;
}
