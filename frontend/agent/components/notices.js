import { t } from "../../lib/i18n.js";
import { html } from "../../lib/ui.js";
import { storedToken } from "../account.js";
import { Icon } from "./icons.js";

/** What stands in the way of work, with what to do about it. */
export function Banners({ desk, state }) {
  const { connection, ended, phone, leg, agent } = state;
  return html`
    <div class="banners" role="status">
      ${connection === "waiting" && html`<${Banner} text=${t("banner.reconnecting")} />`}
      ${ended === "replaced" && html`<${Banner} text=${t("connection.replaced")} label=${t("connection.use_here")} act=${() => desk.client.start(storedToken())} />`}
      ${phone.problem && html`<${Banner} text=${t(`banner.${phone.problem}`)} ...${remedy(desk, phone.problem)} />`}
      ${agent.station === "sip" && leg === "phone_absent" && html`<${Banner} text=${t("banner.phone_absent")} />`}
    </div>
  `;
}

function remedy(desk, problem) {
  if (problem === "playback") return { label: t("banner.play"), act: () => desk.phone.unblock() };
  if (problem === "microphone" || problem === "no_microphone") return { label: t("banner.try_again"), act: () => desk.phone.prepare() };
  return {};
}

function Banner({ text, label, act }) {
  return html`<p class="banner">${text}${act && html`<button type="button" class="button" onClick=${act}>${label}</button>`}</p>`;
}

export function Notices({ notices, desk }) {
  const gone = (id) => desk.store.dispatch({ type: "local/notice_gone", id });
  return html`
    <div class="notices" role="log" aria-live="polite" aria-label=${t("page.notices")}>
      ${notices.map(({ id, kind, key, text }) => html`
        <div key=${id} class=${`notice ${kind}`} role=${kind === "error" ? "alert" : undefined}>
          <span>${text ?? t(key)}</span>
          <button type="button" class="button icon-only quiet" aria-label=${t("page.dismiss")} onClick=${() => gone(id)}><${Icon} name="cross" /></button>
        </div>`)}
    </div>
  `;
}
