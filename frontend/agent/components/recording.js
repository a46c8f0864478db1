// Whether the call is recorded right now, and the button that keeps card numbers out of it.
import { Action } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { duration, useNow } from "../../lib/time.js";
import { html } from "../../lib/ui.js";

/** `recording` is what the server said last; there is none in a call that is not recorded. */
export function RecordingLamp({ recording, open, pause }) {
  const { state, may_pause } = recording;
  const paused = state === "paused";
  return html`
    <div class="recording-lamp" data-state=${state} role="group" aria-label=${t("recording.heading")}>
      <p role="status"><i aria-hidden="true"></i><span>${t(`recording_now.${state}`)}${paused && recording.name && html` · <bdi>${recording.name}</bdi>`}</span></p>
      ${paused && recording.until_us && html`<${Left} until=${recording.until_us} />`}
      ${may_pause && html`
        <${Action} class=${`button ${paused ? "primary" : ""}`} data-key="KeyO" aria-keyshortcuts="Alt+O" disabled=${!open} act=${() => pause(!paused)}>
          <${Icon} name=${paused ? "record" : "pause"} />${t(paused ? "recording.go_on" : "recording.pause")}
        </${Action}>`}
    </div>
  `;
}

/** How long until it goes on by itself. */
function Left({ until }) {
  return html`<span class="figures" role="timer" aria-label=${t("recording.left")}>${duration(until / 1000 - useNow())}</span>`;
}
