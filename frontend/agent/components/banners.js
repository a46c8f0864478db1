import { Banner } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { html } from "../../lib/ui.js";
import { Following } from "./presence.js";

/** What stands in the way of work, with what to do about it. */
export function Banners({ desk, state }) {
  const { connection, ended, phone, leg, agent } = state;
  return html`
    <div class="banners" role="status">
      ${connection === "waiting" && html`<${Banner} text=${t("banner.reconnecting")} />`}
      ${(ended === "replaced" || ended === "elsewhere") && html`<${Banner} text=${t(`connection.${ended}`)} label=${t("connection.use_here")} act=${() => desk.useHere()} />`}
      ${connection === "online" && agent.station === "webrtc" && state.media.length > 1 && leg === "none" && !phone.problem && html`<${Banner} text=${t("banner.chats_only")} />`}
      <${Listening} listening=${state.listening} />
      <${Following} desk=${desk} state=${state} />
      ${phone.problem && html`<${Banner} text=${t(`banner.${phone.problem}`)} ...${remedy(desk, phone.problem)} />`}
      ${agent.station === "sip" && leg === "phone_absent" && html`<${Banner} text=${t("banner.phone_absent")} />`}
    </div>
  `;
}

/** A supervisor's microphone: who hears it now. */
function Listening({ listening }) {
  if (!listening) return null;
  const { mode, parties } = listening;
  const name = parties.filter(({ kind }) => kind === "agent").map((one) => one.name || one.agent).join(", ");
  return html`<p class="banner listening"><span><${Icon} name="headset" /> ${t(`watch.call_${mode}`, { name })}</span></p>`;
}

function remedy(desk, problem) {
  if (problem === "playback") return { label: t("banner.play"), act: () => desk.phone.unblock() };
  if (problem === "microphone" || problem === "no_microphone") return { label: t("banner.try_again"), act: () => desk.phone.prepare() };
  return {};
}
