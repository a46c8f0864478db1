// Calls of the teams: listen, whisper to the agent, speak to all, leave, take over. One hears on the own agent page.
import { Chunks } from "../../lib/chunks.js";
import { Action, SureAction, Ticking } from "../../lib/controls.js";
import { language, t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { html, memo, useMemo } from "../../lib/ui.js";
import { problemText } from "../office.js";
import { nameOf } from "../store.js";
import { titleOf } from "./queues.js";

const MODES = ["listen", "whisper", "barge"];

export function LiveCalls({ office, state }) {
  const calls = useMemo(() => callsOf(state.agents), [state.agents]);
  const ask = useMemo(
    () => async (doing) => {
      try {
        await doing;
      } catch (error) {
        office.tell(problemText(error), "error");
      }
    },
    [office],
  );
  return html`
    <section class="card sheet live-chats live-calls" aria-labelledby="live-calls-heading">
      <h2 id="live-calls-heading">${t("live_calls.heading")} <span class="figures count">${calls.length}</span></h2>
      ${calls.length === 0 && html`<p class="quiet-text">${t("live_calls.none")}</p>`}
      <${Chunks} rows=${calls} rowHeight=${45} draw=${(rows) => html`
        <ul>${rows.map(({ id, queue, since, names }) => html`
          <${LiveCall} key=${id} id=${id} queue=${titleOf(state.queues.get(queue) ?? { queue })} since=${since} names=${names} parties=${state.calls.get(id)?.parties} me=${state.agentId} office=${office} ask=${ask} speech=${language()} />`)}</ul>`} />
    </section>
  `;
}

const LiveCall = memo(({ id, queue, since, names, parties = [], me, office, ask }) => {
  const listeners = parties.filter(({ kind }) => kind === "supervisor");
  const mode = me && listeners.find(({ agent }) => agent === me)?.mode;
  const button = (name) => {
    const text = t(`live_calls.mode_${name}`);
    return html`<${Action} key=${name} class="button small" aria-pressed=${mode === name} aria-label=${t("live_calls.of", { act: text, name: names })} act=${() => ask(office.listen("calls", id, name))}>${text}</${Action}>`;
  };
  return html`
    <li data-call=${id} class=${mode ? "heard" : ""}>
      <span><${Icon} name="phone" /> <b><bdi>${names}</bdi></b> <span class="quiet-text">${queue} · <${Ticking} since=${since / 1000} /></span></span>
      ${mode && html`<span class=${`tag ${mode === "listen" ? "" : "warn"}`} role="status">${t(`live_calls.now_${mode}`)}</span>`}
      ${listeners.filter(({ agent }) => agent !== me).map((one) => html`<${Listener} key=${one.agent} one=${one} />`)}
      <span class="live-modes" role="group" aria-label=${t("live_calls.modes", { name: names })}>
        ${MODES.filter((name) => mode || name === "listen").map(button)}
        ${mode && html`
          <${Action} class="button small" act=${() => ask(office.stopListening("calls", id))}>${t("live_calls.leave")}</${Action}>
          <${SureAction} class="button small danger" sure=${t("live_chats.take_over_sure")} act=${() => ask(office.takeOver("calls", id))}>${t("live_chats.take_over")}</${SureAction}>`}
      </span>
    </li>
  `;
});

/** By what agents have: each call once, the oldest first, with all its agents. */
function callsOf(agents) {
  const calls = new Map();
  for (const agent of agents.values())
    for (const { interaction_id: id, medium, queue, state, since } of agent.held ?? []) {
      if (medium !== "voice" || state !== "connected") continue;
      const call = calls.get(id);
      if (call) call.names += `, ${nameOf(agent)}`;
      else calls.set(id, { id, queue, since, names: nameOf(agent) });
    }
  return [...calls.values()].sort((a, b) => a.since - b.since);
}

/** Another supervisor, and who hears them. */
export function Listener({ one: { agent, name, mode } }) {
  const text = t(`live_calls.is_${mode}`, { name: name || agent });
  return html`<span class=${`tag ${mode === "listen" ? "" : "warn"}`}><${Icon} name="person" /><bdi>${text}</bdi></span>`;
}
