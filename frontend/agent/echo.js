// The echo test: the microphone goes to the server and comes back. Short tones in it tell how long the way is.
import { stopTracks } from "../lib/softphone.js";

const TONE_HZ = 1000;
const TONE_S = 0.15;
const TONES_EVERY_MS = 1500;
const MOST_MS = 1200; // what comes back later than this is not looked for any more
const WINDOW = 512;
const HEARD = 0.06; // root mean square of the tone as it comes back; it is sent with 0.18
const LOOK_MS = 5;

/**
 * Runs until `stop()` of the result. `softphone` is connected; `device` is the microphone ("" the system's own).
 * `tell({level, delay_ms})`: how loud what comes back is (root mean square), and the way there and back, once known.
 * Rejects like getUserMedia.
 */
export async function echo(softphone, device, tell) {
  const wanted = { echoCancellation: true, ...(device ? { deviceId: { exact: device } } : {}) };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
  const context = new AudioContext();
  await context.resume();
  const out = context.createMediaStreamDestination();
  context.createMediaStreamSource(stream).connect(out);
  const analyser = new AnalyserNode(context, { fftSize: WINDOW });
  context.createMediaStreamSource(softphone.remoteStream).connect(analyser);
  await softphone.sendTrack(out.stream.getAudioTracks()[0]);
  const sent = { at: null };
  const tones = setInterval(() => (sent.at = tone(context, out)), TONES_EVERY_MS);
  const samples = new Float32Array(WINDOW);
  const delays = [];
  const look = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const since = sent.at === null ? null : performance.now() - sent.at;
    if (since !== null && since > MOST_MS) sent.at = null;
    else if (since !== null && strength(samples, context.sampleRate) > HEARD) {
      // Half the window has to be full of the tone before it counts.
      delays.push(since - (500 * WINDOW) / context.sampleRate);
      sent.at = null;
    }
    tell({ level: loudness(samples), delay_ms: delays.length ? Math.max(0, Math.round(median(delays))) : null });
  }, LOOK_MS);
  return {
    stop() {
      clearInterval(tones);
      clearInterval(look);
      stopTracks(stream);
      context.close();
    },
  };
}

/** Plays a tone into what is sent; gives when it begins. */
function tone(context, out) {
  const oscillator = new OscillatorNode(context, { frequency: TONE_HZ });
  const volume = new GainNode(context, { gain: 0.25 });
  oscillator.connect(volume).connect(out);
  oscillator.start();
  oscillator.stop(context.currentTime + TONE_S);
  return performance.now();
}

/** Root mean square of the tone in the sound (Goertzel, "An Algorithm for the Evaluation of Finite Trigonometric Series", 1958). */
export function strength(samples, rate) {
  const turn = 2 * Math.cos((2 * Math.PI * TONE_HZ) / rate);
  let [one, two] = [0, 0];
  for (const sample of samples) [two, one] = [one, sample + turn * one - two];
  return Math.sqrt(2 * Math.max(0, one * one + two * two - turn * one * two)) / samples.length;
}

export function loudness(samples) {
  return Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
