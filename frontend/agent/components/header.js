import { Action } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { Icon, Mark } from "../../lib/icons.js";
import { LanguageSwitch } from "../../lib/language.js";
import { html, useState } from "../../lib/ui.js";
import { titleOf } from "../guidance.js";
import { DevicesSheet } from "./devices.js";
import { PresenceSwitch } from "./presence.js";

const VIEWS = { work: "KeyW", follow_ups: "KeyU" };

/** `todo` is how many callbacks and messages are for this agent. */
export function Header({ desk, state, onLanguage, view, show, todo }) {
  return html`
    <header class="bar">
      <p class="brand"><${Mark} /><span>Jackfield</span></p>
      <nav class="views" aria-label=${t("page.views")}>
        ${Object.entries(VIEWS).map(([name, key]) => html`
          <button type="button" key=${name} data-key=${key} aria-keyshortcuts=${`Alt+${key.slice(3)}`} title=${`Alt ${key.slice(3)}`} aria-current=${view === name ? "page" : undefined} onClick=${() => show(name)}>
            ${t(`view.${name}`)}${name === "follow_ups" && todo > 0 && html` <b class="badge figures" aria-label=${t("view.todo", { count: todo })}>${todo}</b>`}</button>`)}
      </nav>
      <${PresenceSwitch} desk=${desk} state=${state} />
      <div class="bar-end">
        <${Connection} state=${state} />
        <${Network} quality=${state.phone.quality} />
        <${DevicesButton} desk=${desk} agent=${state.agent} />
        <${Sound} attention=${desk.attention} />
        <${LanguageSwitch} onLanguage=${onLanguage} />
        <${Account} desk=${desk} agent=${state.agent} guidance=${state.guidance} />
      </div>
    </header>
  `;
}

function Connection({ state }) {
  const { connection, leg, agent, phone } = state;
  const online = connection === "online";
  const audio = agent.station === "sip" ? leg === "phone_registered" : leg === "up" && phone.state === "connected";
  const audioText = agent.station === "sip" ? t(`leg.${leg}`) : t(audio ? "leg.up" : "leg.none");
  return html`
    <span class="lamps" role="status">
      <span class="lamp ${online ? "good" : "bad"}" title=${t(`connection.${connection}`)}><i aria-hidden="true"></i><span>${t(`connection.${connection}`)}</span></span>
      <span class="lamp ${online && audio ? "good" : "bad"}" title=${audioText}><${Icon} name="headset" /><span class="unseen">${audioText}</span></span>
    </span>
  `;
}

/** A warning when the line is poor; the figures are in its title, and nothing is shown of a good line. */
function Network({ quality }) {
  if (!quality?.poor.length) return null;
  const figures = { round_trip: Math.round(quality.round_trip_ms), jitter: Math.round(quality.jitter_ms), loss: quality.loss_percent.toFixed(1) };
  return html`<span class="tag bad" role="status" title=${t("network.figures", figures)}><${Icon} name="network" /><span class="tag-text">${t("network.poor")}</span></span>`;
}

function DevicesButton({ desk, agent }) {
  const [open, setOpen] = useState(false);
  if (agent.station !== "webrtc") return null;
  return html`
    <button type="button" class="button icon-only quiet" data-key="KeyD" aria-keyshortcuts="Alt+D" aria-label=${t("devices.heading")} title=${t("devices.heading")} onClick=${() => setOpen(true)}><${Icon} name="sliders" /></button>
    ${open && html`<${DevicesSheet} desk=${desk} close=${() => setOpen(false)} />`}
  `;
}

function Sound({ attention }) {
  const [on, setOn] = useState(attention.soundOn);
  const text = t(on ? "sound.on" : "sound.off");
  const change = () => {
    attention.unlock();
    attention.setSound(!on);
    setOn(!on);
  };
  return html`<button type="button" class="button icon-only quiet" aria-pressed=${on} aria-label=${t("sound.label")} title=${text} onClick=${change}><${Icon} name=${on ? "bell" : "bellOff"} /></button>`;
}

function Account({ desk, agent, guidance }) {
  return html`
    <span class="account">
      <span class="account-name"><bdi>${agent.name}</bdi><small>${titleOf(guidance, "teams", agent.team)}</small></span>
      <${Action} class="button icon-only quiet" aria-label=${t("account.sign_out")} title=${t("account.sign_out")} act=${() => desk.signOut()}><${Icon} name="leave" /></${Action}>
    </span>
  `;
}
