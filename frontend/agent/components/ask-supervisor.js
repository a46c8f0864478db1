// Help from a supervisor with this work, by one key: asked, looked after, withdrawn.
import { Action, Ticking } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { html } from "../../lib/ui.js";

/** `asked` is what the server says of it: {on, since_us, seen_by}, or nothing. */
export function AskSupervisor({ id, asked, open, desk, looks = "button control" }) {
  const on = Boolean(asked?.on);
  return html`
    <${Action} class=${`${looks} ${on ? "on" : ""}`} data-key="KeyQ" aria-keyshortcuts="Alt+Q" aria-pressed=${on} disabled=${!open} act=${() => desk.askSupervisor(id, !on)}>
      <${Icon} name="person" />${t(on ? "help.withdraw" : "help.ask")}
    </${Action}>
  `;
}

/** Whether somebody looks after it, read out when it changes. */
export function HelpState({ asked }) {
  const text = asked?.on && (asked.seen_by ? t("help.seen_by", { name: asked.seen_by }) : t("help.asked"));
  return html`<p class="help-state" role="status">${text && html`<span class=${`tag ${asked.seen_by ? "good" : "warn"}`}><${Icon} name="person" /><bdi>${text}</bdi> <${Ticking} since=${asked.since_us / 1000} /></span>`}</p>`;
}
