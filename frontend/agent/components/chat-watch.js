// Supervisors in a chat: who reads along, and what they say to the agent alone.
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { time } from "../../lib/time.js";
import { html } from "../../lib/ui.js";

export function Watched({ chat }) {
  const { listeners = [], whispers = [] } = chat ?? {};
  return html`
    <div class="watched" role="log" aria-label=${t("watch.label")}>
      ${listeners.map(({ agent, name, mode }) => html`<p key=${agent} class="tag"><${Icon} name="person" /><bdi>${t(`watch.${mode}`, { name: name || agent })}</bdi></p>`)}
      ${whispers.map(({ id, name, text, at_us }) => html`
        <p key=${id} class="whisper"><b><bdi>${t("watch.whispered", { name })}</bdi></b> <span class="figures">${time(at_us)}</span><br /><bdi>${text}</bdi></p>`)}
    </div>
  `;
}
