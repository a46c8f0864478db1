// Agents who ask for help, first on the page: who, with what, since when; one click to be with them.
import { Action, Ticking } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { html } from "../../lib/ui.js";
import { problemText } from "../office.js";
import { MEDIA } from "./queues.js";

export function Help({ office, requests: asked, read }) {
  const requests = [...asked.values()].sort((a, b) => a.since_us - b.since_us);
  const told = (doing) => doing.catch((error) => office.tell(problemText(error), "error"));
  const come = (one) => (one.medium === "chat" ? read(one.interaction_id) : told(office.listen("calls", one.interaction_id, "listen")));
  return html`
    <section class=${`card sheet help ${requests.length ? "" : "unseen"}`} aria-label=${t("help.heading")} role="log">
      ${requests.length > 0 && html`<h2>${t("help.heading")} <span class="figures count">${requests.length}</span></h2>`}
      <ul>${requests.map((one) => html`
        <li key=${one.reservation_id}>
          <span><${Icon} name=${MEDIA[one.medium] ?? "note"} /> <b><bdi>${one.name || one.agent}</bdi></b> <${Ticking} since=${one.since_us / 1000} /></span>
          ${one.seen_by
            ? html`<span class="tag good"><${Icon} name="check" /><bdi>${t("alerts.by", { who: one.seen_by })}</bdi></span>`
            : html`<${Action} class="button small" aria-label=${t("help.look_after_of", { name: one.name })} act=${() => told(office.helpStep(one.reservation_id, "acknowledge"))}>${t("help.look_after")}</${Action}>`}
          ${one.medium !== "email" && html`<${Action} class="button small primary" aria-label=${t("help.come_to", { name: one.name })} act=${() => come(one)}>${t(one.medium === "chat" ? "live_chats.read" : "help.listen")}</${Action}>`}
          <${Action} class="button small" aria-label=${t("help.done_of", { name: one.name })} act=${() => told(office.helpStep(one.reservation_id, "done"))}>${t("help.done")}</${Action}>
        </li>`)}</ul>
    </section>
  `;
}
