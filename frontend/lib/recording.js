// A call's recording, for those who may hear it: what is known of it, and a player once they want to listen.
import { api, ApiError } from "./api.js";
import { Action } from "./controls.js";
import { t } from "./i18n.js";
import { Icon } from "./icons.js";
import { nodes } from "./nodes.js";
import { dateTime, duration } from "./time.js";
import { html, useEffect, useState } from "./ui.js";

/** By its interaction. Each time that somebody begins to listen is kept in the audit log. */
export function RecordedCall({ interaction }) {
  const path = `interactions/${encodeURIComponent(interaction)}/recording`;
  const [found, setFound] = useState({ recording: null, problem: null });
  const [url, setUrl] = useState(null);
  useEffect(() => {
    setUrl(null);
    api(path).then(
      (recording) => setFound({ recording, problem: null }),
      (error) => setFound({ recording: null, problem: problemText(error) }),
    );
  }, [path]);
  const listen = async () => {
    try {
      setUrl(nodes.url((await api(`${path}/listening`, { method: "POST" })).url));
    } catch (error) {
      setFound((before) => ({ ...before, problem: problemText(error) }));
    }
  };
  const { recording, problem } = found;
  return html`
    <section class="recorded" aria-label=${t("recording.heading")}>
      ${recording && html`<${About} recording=${recording} />`}
      ${url
        ? html`<audio controls autoplay src=${url} aria-label=${t("recording.heading")} onError=${() => setUrl(null)}></audio>`
        : recording?.here && html`<p><${Action} class="button small" act=${listen}><${Icon} name="play" />${t("recording.listen")}</${Action}></p>`}
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    </section>
  `;
}

function About({ recording: one }) {
  return html`
    <p class="recorded-about"><${Icon} name="record" /><b>${t(`recording_state.${one.state}`)}</b>
      ${one.duration_us > 0 && html`<span class="figures">${duration(one.duration_us / 1000)}</span>`}
      <span>${t(`recording_told.${one.told}`)}</span>
      ${one.agent_names.length > 0 && html`<span><bdi>${one.agent_names.join(", ")}</bdi></span>`}
      ${one.keep_until && one.state !== "removed" && html`<span class="quiet-text">${t("recording.kept_until", { when: dateTime(one.keep_until) })}</span>`}
      ${one.removed_at && html`<span class="quiet-text">${dateTime(one.removed_at)} · <bdi>${one.removed_by === "retention" ? t("recording.retention") : one.removed_by}</bdi></span>`}
    </p>
    ${one.pauses.length > 0 && html`
      <ul class="recorded-pauses">${one.pauses.map(({ at_us, until_us, by }) => html`
        <li key=${at_us}><${Icon} name="pause" />${t("recording.paused_part", { from: duration(at_us / 1000), to: duration(until_us / 1000) })} <bdi>${by}</bdi></li>`)}
      </ul>`}
  `;
}

function problemText(error) {
  if (!(error instanceof ApiError)) return t("sign_in.unreachable");
  return t(error.status === 404 ? "recording.not_yours" : error.status === 409 ? "recording.nothing" : "recording.failed");
}
