// The microphone, the speaker and the ringer: which, how loud, and do they work.
import { Action } from "../../lib/controls.js";
import { t, tCode } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { InfoSheet } from "../../lib/sheet.js";
import { stopTracks } from "../../lib/softphone.js";
import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { ROLES } from "../devices.js";
import { loudness } from "../echo.js";
import { talking } from "../store.js";

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
      <${Echo} desk=${desk} />
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

/** Whether the leg is there and nobody is on it. */
function testable(state) {
  return state.phone.state === "connected" && !talking(state);
}

/** The microphone there and back through the server, with how loud it comes and how long it takes. */
function Echo({ desk }) {
  const [heard, setHeard] = useState(null);
  const [problem, setProblem] = useState(null);
  const [possible, setPossible] = useState(testable(desk.store.get()));
  const end = useRef(null);
  const last = useRef(0);
  const stop = async () => {
    const ending = end.current;
    end.current = null;
    setHeard(null);
    await ending?.();
  };
  useEffect(() => {
    const stopWatching = desk.store.subscribe((state) => {
      setPossible(testable(state));
      if (end.current && talking(state)) stop();
    });
    return () => {
      stopWatching();
      end.current?.().catch((error) => console.warn("the echo test did not end in order", error));
      end.current = null;
    };
  }, []);
  const tell = (now) => {
    if (performance.now() - last.current < 60) return;
    last.current = performance.now();
    setHeard(now);
  };
  const start = async () => {
    setProblem(null);
    try {
      end.current = await desk.phone.echo(tell);
    } catch (error) {
      console.warn("no echo test", error);
      setProblem(error.code ? tCode("refused", error.code, error.message) : t("echo.no_leg"));
    }
  };
  return html`
    <section class="echo" aria-label=${t("echo.heading")}>
      <${Action} class=${`button ${heard ? "on" : ""}`} aria-pressed=${heard !== null} disabled=${!possible} act=${heard ? stop : start}><${Icon} name="headset" />${t(heard ? "echo.stop" : "echo.start")}</${Action}>
      ${(problem || !possible) && html`<p class="problem" role=${problem ? "alert" : "status"}>${problem ?? t("echo.no_leg")}</p>`}
      ${heard && html`
        <div class="level"><span id="echo-label">${t("echo.level")}</span><meter aria-labelledby="echo-label" min="0" max="1" value=${Math.min(1, heard.level / LOUD).toFixed(2)}></meter></div>
        <p class="echo-delay figures" role="status">${heard.delay_ms === null ? t("echo.measuring") : t("echo.delay", { ms: heard.delay_ms })}</p>`}
    </section>
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
    tell(loudness(samples));
    frame = requestAnimationFrame(look);
  });
  return () => {
    cancelAnimationFrame(frame);
    stopTracks(stream);
    context.close();
  };
}
