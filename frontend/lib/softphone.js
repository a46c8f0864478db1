// The agent's phone in the browser: one WebRTC audio leg that stays open from sign-in to sign-out.
//
// Idle, the leg sends nothing and the microphone is off; goLive() only puts a track on the existing sender, so
// accepting an offer needs no negotiation. Signalling is the caller's: connect() takes a function that carries the
// SDP offer to the server and returns its answer. States given to onState:
//   connecting, connected, disconnected (media interrupted, may recover), failed, closed (by either side): the leg;
//   microphone-lost: the microphone on the leg was pulled out; call goLive() again for the one that is left;
//   playback-blocked: the browser wants a click before it plays sound; call resumePlayback() from one.
// After failed, make a new Softphone: a leg is never renegotiated.

const GATHERING_LIMIT_MS = 2000;
const PREFERRED_CODECS = ["audio/pcmu", "audio/pcma", "audio/telephone-event"];
const TELEPHONE_RATE_HZ = 8000;

export class Softphone {
  /**
   * @param {object} [options]
   * @param {(state: string) => void} [options.onState]
   * @param {HTMLAudioElement} [options.audio] plays the far end; one of our own when absent
   * @param {MediaTrackConstraints} [options.microphone] constraints for getUserMedia
   */
  constructor({ onState = () => {}, audio = new Audio(), microphone = {} } = {}) {
    this.onState = onState;
    this.audio = audio;
    this.microphone = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...microphone };
    this.remoteStream = null;
    this.state = "new";
    this.muted = false;
    this._pc = null;
    this._sender = null;
    this._localStream = null;
    this._liveTurn = 0; // a goLive() that was overtaken by goIdle() or close() gives its microphone back
  }

  /** True while the microphone is on the leg. */
  get live() {
    return this._localStream !== null;
  }

  /** True when sendDigit() would send telephone-events. */
  get canSendDigits() {
    return this._sender?.dtmf?.canInsertDTMF ?? false;
  }

  /**
   * Open the leg. `sendOffer` receives a complete offer (candidates inside) and resolves to the answer.
   * Resolves when the answer is applied; "connected" follows through onState. Rejects with sendOffer's error.
   */
  async connect(sendOffer) {
    if (this._pc) throw new Error("softphone is already connected");
    const pc = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
    this._pc = pc;
    pc.onconnectionstatechange = () => this._setState(pc.connectionState);
    pc.ontrack = ({ track }) => this._playRemote(track);
    const transceiver = pc.addTransceiver("audio", { direction: "sendrecv" });
    preferTelephoneCodecs(transceiver);
    this._sender = transceiver.sender;
    try {
      await pc.setLocalDescription(await pc.createOffer());
      await gatheringComplete(pc);
      const answer = await sendOffer(pc.localDescription.sdp);
      if (this._pc !== pc) return; // closed while the server was answering
      await pc.setRemoteDescription({ type: "answer", sdp: answer });
      this._watchGoodbye(pc);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Take another microphone ("" is the system's own), at once when one is on the leg. Rejects like goLive(). */
  async useMicrophone(deviceId) {
    const { deviceId: before, ...rest } = this.microphone;
    this.microphone = deviceId ? { ...rest, deviceId: { exact: deviceId } } : rest;
    if (this.live && before?.exact !== (deviceId || undefined)) await this.goLive();
  }

  /** Play the far end on another device ("" is the system's own), where the browser can. */
  async useSpeaker(deviceId) {
    await this.audio.setSinkId?.(deviceId);
  }

  /** What the browser has measured on the leg; null when there is none. */
  async report() {
    return this._pc?.connectionState === "connected" ? this._pc.getStats() : null;
  }

  /** Switch the microphone onto the leg. Rejects with getUserMedia's error when the user or the system refuses. */
  async goLive() {
    if (!this._sender) throw new Error("softphone is not connected");
    const turn = ++this._liveTurn;
    const stream = await navigator.mediaDevices.getUserMedia({ audio: this.microphone });
    if (turn !== this._liveTurn) return stopTracks(stream);
    stopTracks(this._localStream);
    this._localStream = stream;
    const [track] = stream.getAudioTracks();
    track.enabled = !this.muted;
    track.onended = () => this._localStream === stream && this.onState("microphone-lost");
    await this._sender.replaceTrack(track);
  }

  /** Send something else than the microphone, until goLive() or goIdle(). */
  async sendTrack(track) {
    if (!this._sender) throw new Error("softphone is not connected");
    this._liveTurn += 1;
    this._releaseMicrophone();
    await this._sender.replaceTrack(track);
  }

  /** Take the microphone off the leg and release it. The leg stays open and silent. */
  async goIdle() {
    this._liveTurn += 1;
    this._releaseMicrophone();
    this.mute(false);
    await this._sender?.replaceTrack(null);
  }

  /** Silence or reopen the microphone; kept across goLive(), ended by goIdle(). */
  mute(muted) {
    this.muted = Boolean(muted);
    for (const track of this._localStream?.getAudioTracks() ?? []) track.enabled = !this.muted;
  }

  /** Send one digit (0-9 * # A-D) as an RFC 4733 telephone-event. Digits sent in a row queue up. */
  sendDigit(digit, durationMs = 100, gapMs = 70) {
    if (!/^[0-9*#A-D]$/.test(digit)) throw new RangeError(`not a telephone digit: ${digit}`);
    if (!this.canSendDigits) throw new Error("telephone-events were not negotiated or the leg is down");
    const { dtmf } = this._sender;
    dtmf.insertDTMF(dtmf.toneBuffer + digit, durationMs, gapMs);
  }

  /** Start playback after "playback-blocked"; call it from a click. */
  resumePlayback() {
    return this.audio.play();
  }

  /** End the leg and release the microphone. */
  close() {
    if (!this._pc) return;
    this._liveTurn += 1;
    this._releaseMicrophone();
    this._pc.onconnectionstatechange = null;
    this._pc.ontrack = null;
    this._pc.close();
    this._pc = null;
    this._sender = null;
    this.audio.srcObject = null;
    this.remoteStream = null;
    this._setState("closed");
  }

  _setState(state) {
    if (state === this.state) return;
    this.state = state;
    this.onState(state);
  }

  // connectionState takes seconds to notice that the server hung up; its DTLS goodbye arrives at once.
  _watchGoodbye(pc) {
    const { transport } = this._sender;
    transport?.addEventListener("statechange", () => {
      if (transport.state === "closed" && this._pc === pc) this.close();
    });
  }

  _playRemote(track) {
    this.remoteStream = playTrack(this.audio, track, () => this.onState("playback-blocked"));
  }

  _releaseMicrophone() {
    stopTracks(this._localStream);
    this._localStream = null;
  }
}

/** Plays a far end's track and gives its stream. `blocked` is called when the browser wants a click before it plays sound. */
export function playTrack(audio, track, blocked) {
  const stream = new MediaStream([track]);
  audio.srcObject = stream;
  audio.play().catch((error) => {
    if (error.name === "NotAllowedError") blocked();
    else if (error.name !== "AbortError") throw error; // that: the source was replaced, or it is over, while play() was pending
  });
  return stream;
}

export function preferTelephoneCodecs(transceiver) {
  if (!transceiver.setCodecPreferences) return; // the server picks G.711 from a full offer as well
  const codecs = RTCRtpReceiver.getCapabilities("audio").codecs.filter(
    ({ mimeType, clockRate }) => clockRate === TELEPHONE_RATE_HZ && rank(mimeType) >= 0,
  );
  codecs.sort((a, b) => rank(a.mimeType) - rank(b.mimeType));
  if (codecs.length) transceiver.setCodecPreferences(codecs);
}

function rank(mimeType) {
  return PREFERRED_CODECS.indexOf(mimeType.toLowerCase());
}

export function gatheringComplete(pc) {
  if (pc.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      pc.removeEventListener("icegatheringstatechange", check);
      resolve();
    };
    const check = () => pc.iceGatheringState === "complete" && done();
    const timer = setTimeout(done, GATHERING_LIMIT_MS);
    pc.addEventListener("icegatheringstatechange", check);
  });
}

export function stopTracks(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
