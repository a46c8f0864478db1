// The microphone, the speaker and the ringer: which, how loud, and do they work.
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { InfoSheet } from "../../lib/sheet.js";
import { stopTracks } from "../../lib/softphone.js";
import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { ROLES } from "../devices.js";

const LOUD = 0.25; // root mean square of a voice close to the microphone

export function DevicesSheet({ desk, close }) {
  const { devices, attention } = desk;
  const [found, setFound] = useState(null);
  useEffect(() => {
    let open = true;
    const look = async () => {
      const [listed, ids] = [await devices.list(), await Promise.all(ROLES.map((role) => devices.idOf(role)))];
      if (open) setFound({ listed, ids: Object.fromEntries(ROLES.map((role, index) => [role, ids[index]])) });
    };
    look();
    const stop = devices.subscribe(look);
    return () => {
      open = false;
      stop();
    };
  }, [devices]);
  const offered = ROLES.filter((role) => role === "microphone" || devices.canChooseSpeaker);
  return html`
    <${InfoSheet} heading=${t("devices.heading")} close=${close}>
      ${offered.map((role) => html`<${Choice} key=${role} role=${role} found=${found} devices=${devices} />`)}
      <${Level} microphone=${found?.ids.microphone} heard=${() => devices.list().then((listed) => setFound((old) => old && { ...old, listed }))} />
      <p><button type="button" class="button" onClick=${() => attention.sample()}><${Icon} name="bell" />${t("devices.ring")}</button></p>
      ${offered.length === 1 && html`<p class="hint">${t("devices.no_choice")}</p>`}
    </${InfoSheet}>
  `;
}

function Choice({ role, found, devices }) {
  const listed = found?.listed[role] ?? [];
  const change = ({ target }) => devices.choose(role, listed.find(({ deviceId }) => deviceId === target.value));
  return html`
    <label>${t(`devices.${role}`)}
      <select value=${found?.ids[role] ?? ""} disabled=${!found} onChange=${change}>
        <option value="">${t("devices.system")}</option>
        ${listed.map(({ deviceId, label }, index) => html`<option key=${deviceId} value=${deviceId}>${label || t("devices.unnamed", { number: index + 1 })}</option>`)}
      </select>
    </label>
  `;
}

/** How loud the chosen microphone is, as long as the dialog stands. */
function Level({ microphone, heard }) {
  const [level, setLevel] = useState(0);
  const [problem, setProblem] = useState(false);
  const last = useRef(0);
  useEffect(() => {
    if (microphone === undefined) return undefined;
    let stop = () => {};
    let over = false;
    measure(microphone, (loud) => {
      const now = performance.now();
      if (now - last.current < 60) return;
      last.current = now;
      setLevel(loud);
    }).then(
      (end) => {
        if (over) return end();
        stop = end;
        setProblem(false);
        return heard();
      },
      () => over || setProblem(true),
    );
    return () => {
      over = true;
      stop();
    };
  }, [microphone]);
  if (problem) return html`<p class="problem" role="alert">${t("banner.microphone")}</p>`;
  const share = Math.min(1, level / LOUD);
  return html`
    <div class="level"><span id="level-label">${t("devices.level")}</span>
      <meter aria-labelledby="level-label" min="0" max="1" value=${share.toFixed(2)}></meter>
    </div>
  `;
}

async function measure(deviceId, tell) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: deviceId ? { deviceId: { exact: deviceId } } : true });
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 1024 });
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let frame = requestAnimationFrame(function look() {
    analyser.getFloatTimeDomainData(samples);
    tell(Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length));
    frame = requestAnimationFrame(look);
  });
  return () => {
    cancelAnimationFrame(frame);
    stopTracks(stream);
    context.close();
  };
}
