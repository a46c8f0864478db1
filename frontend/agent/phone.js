// Keeps the browser's media leg open while the agent is signed in, and the microphone on it only while they talk.
import { Retry } from "../lib/retry.js";
import { Softphone } from "../lib/softphone.js";
import { echo } from "./echo.js";
import { quality, reading } from "./network.js";
import { talking } from "./store.js";

const PAUSES = { firstMs: 1000, longestMs: 15000 };
const MEASURE_MS = 5000;

export class Phone {
  constructor({ client, store, devices }) {
    this._client = client;
    this._store = store;
    this._devices = devices;
    this._last = null; // the last reading of the line
    this._softphone = null;
    this._retry = new Retry(() => this._openWhenOnline(), PAUSES);
    this._live = false;
    this._prepared = false;
    store.subscribe((state, before) => this._follow(state, before));
    devices.subscribe(() => this._useDevices());
    setInterval(() => this._measure(), MEASURE_MS);
  }

  get supported() {
    return "RTCPeerConnection" in globalThis && Boolean(navigator.mediaDevices);
  }

  /** Ask for the microphone at a calm moment, so that the first caller does not wait for the browser's question. */
  async prepare() {
    if (this._prepared || !this.supported || this._store.get().agent?.station !== "webrtc") return;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      for (const track of stream.getTracks()) track.stop();
      this._prepared = true;
      this._change({ problem: null });
    } catch (error) {
      this._microphoneFailed(error);
    }
  }

  mute(muted) {
    this._softphone?.mute(muted);
    this._change({ muted });
  }

  /** Hear oneself back through the server; gives how to end it. Rejects when there is no leg, or with the server's no. */
  async echo(tell) {
    const softphone = this._softphone;
    if (softphone?.state !== "connected" || this._live) throw new Error("no leg to test");
    await this._client.request("echo_test", { on: true });
    const running = await echo(softphone, await this._devices.idOf("microphone"), tell);
    return async () => {
      running.stop();
      if (softphone !== this._softphone || this._live) return; // a call has the leg by now
      await softphone.goIdle();
      if (this._store.get().connection === "online") await this._client.request("echo_test", { on: false });
    };
  }

  async unblock() {
    await this._softphone?.resumePlayback();
    this._change({ problem: null });
  }

  close() {
    this._retry.cancel();
    const softphone = this._softphone;
    this._softphone = null;
    this._live = false;
    softphone?.close();
    this._change({ state: "none", muted: false, problem: null, quality: null });
  }

  _follow(state, before) {
    if (state.agent?.station !== "webrtc") return;
    const fresh = state.ready && (!before.ready || (state.connection === "online" && before.connection !== "online"));
    if (fresh && state.leg === "none" && this._softphone?.state === "connected") this.close();
    if (!this._softphone && !this._retry.pending) this._openWhenOnline();
    const live = talking(state);
    if (live !== this._live) this._switch(live);
  }

  _openWhenOnline() {
    const { ready, connection } = this._store.get();
    if (ready && connection === "online") this._open();
  }

  async _open() {
    if (!this.supported) return this._change({ state: "failed", problem: "unsupported" });
    const softphone = new Softphone({ onState: (state) => this._softphone === softphone && this._changed(state) });
    this._softphone = softphone;
    this._last = null;
    this._change({ state: "connecting", quality: null });
    try {
      await this._useDevices();
      await softphone.connect(async (sdp) => (await this._client.request("open_leg", { sdp })).sdp);
    } catch (error) {
      console.warn("the audio leg could not be opened", error);
      if (this._softphone === softphone) this._again();
    }
    return undefined;
  }

  _changed(state) {
    if (state === "microphone-lost") return this._switch(true);
    if (state === "playback-blocked") return this._change({ problem: "playback" });
    if (state === "failed" || state === "closed") return this._again();
    if (state === "connected") {
      this._retry.reset();
      if (this._live) this._switch(true);
    }
    return this._change({ state });
  }

  _again() {
    const softphone = this._softphone;
    this._softphone = null;
    softphone?.close();
    this._change({ state: "failed" });
    if (!this._retry.pending) this._retry.later();
  }

  async _switch(live) {
    this._live = live;
    const softphone = this._softphone;
    if (!softphone) return;
    try {
      if (live) await softphone.goLive();
      else await softphone.goIdle();
      this._change(live ? { problem: null } : { muted: false });
    } catch (error) {
      if (this._softphone === softphone) this._microphoneFailed(error);
    }
  }

  /** The chosen ones, or the system's own while they are not plugged in. */
  async _useDevices() {
    const softphone = this._softphone;
    const [microphone, speaker] = await Promise.all([this._devices.idOf("microphone"), this._devices.idOf("speaker")]);
    if (!softphone || softphone !== this._softphone) return;
    try {
      await softphone.useSpeaker(speaker);
      await softphone.useMicrophone(microphone);
      if (this._live && this._store.get().phone.problem?.includes("microphone")) await this._switch(true);
    } catch (error) {
      this._microphoneFailed(error);
    }
  }

  async _measure() {
    const report = await this._softphone?.report();
    const now = report ? reading(report) : null;
    this._store.dispatch({ type: "local/phone", change: { quality: now && quality(this._last, now) } });
    this._last = now;
  }

  _microphoneFailed(error) {
    console.warn("no microphone", error);
    this._change({ problem: error.name === "NotFoundError" ? "no_microphone" : "microphone" });
  }

  _change(change) {
    const { phone } = this._store.get();
    if (Object.entries(change).some(([name, value]) => phone[name] !== value))
      this._store.dispatch({ type: "local/phone", change });
  }
}
