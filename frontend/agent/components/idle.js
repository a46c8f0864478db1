import { Action } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { html } from "../../lib/ui.js";
import { reachable } from "../store.js";
import { presenceText } from "./presence.js";

export function Idle({ desk, state }) {
  const ready = state.presence === "ready";
  return html`
    <div class="idle" data-presence=${state.presence}>
      <span class="pulse" aria-hidden="true"></span>
      <h1>${ready ? t("idle.ready") : t("idle.not_ready")}</h1>
      <p>${ready ? t(state.agent.station === "sip" ? "idle.ready_phone" : "idle.ready_hint") : t("idle.not_ready_hint", { reason: presenceText(state) })}</p>
      ${!ready && html`<${Action} class="button primary large" disabled=${!reachable(state)} act=${() => desk.goReady()}>${t("idle.go_ready")}</${Action}>`}
      ${!ready && !reachable(state) && html`<p class="quiet-text" role="status">${t(`idle.unreachable_${state.agent.station}`)}</p>`}
    </div>
  `;
}
