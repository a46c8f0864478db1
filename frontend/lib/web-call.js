// A call from a web page into the contact center: the microphone by WebRTC, everything else on one WebSocket.
//
// States given to onState(state, detail):
//   microphone                the browser may be asking for it
//   connecting                the call is being set up
//   in_ivr                    the caller hears the menu
//   waiting    {place, emergency}  in the queue; place may be null, emergency is a text that all who wait are told, or null
//   connected  {agent}        talking; the agent's display name
//   held       {agent}        the agent put the caller on hold, or is away for a moment
//   reconnecting              the network is away, or the server's node ends; the call is kept for a few seconds
//   ended      {reason}       over, by either side
//   refused    {code}         not taken: no_such_entry, unusable_offer, unavailable, microphone
//   playback-blocked          the browser wants a click before it plays sound; call resumePlayback() from one
// A WebCall makes one call; make a new one for the next.

import { gatheringComplete, playTrack, preferTelephoneCodecs, stopTracks } from "./softphone.js";

const PATH = "/call/v1/ws";
const PING_EVERY_MS = 5000;
const RETRY_MS = [0, 250, 500, 1000, 1000, 1000, 1000];
const MEDIA_PATIENCE_MS = 1500; // how long a path may be interrupted before a new one is made

export class WebCall {
  /**
   * @param {object} [options]
   * @param {(state: string, detail: object) => void} [options.onState]
   * @param {string} [options.url] of the WebSocket; this page's server when absent
   * @param {string} [options.visitorId] 8 to 64 of A-Z a-z 0-9 _ -: by what the page knows its visitor
   * @param {string} [options.name] how the visitor likes to be called
   * @param {string} [options.locale]
   * @param {"opus"|"g711"} [options.codec]
   * @param {HTMLAudioElement} [options.audio] plays the far end; one of our own when absent
   * @param {MediaTrackConstraints} [options.microphone] constraints for getUserMedia
   */
  constructor(options = {}) {
    const { onState = () => {}, url = defaultUrl(), audio = new Audio(), microphone = {}, codec = "opus" } = options;
    this.onState = onState;
    this.audio = audio;
    this.state = "new";
    this.muted = false;
    this.remoteStream = null;
    this._url = url;
    this._codec = codec;
    this._who = { visitor_id: options.visitorId, name: options.name, locale: options.locale ?? document.documentElement.lang };
    this._microphone = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...microphone };
    this._localStream = null;
    this._pc = null;
    this._sender = null;
    this._stale = false; // the path is known to be gone, whatever its state says
    this._retired = [];
    this._socket = null;
    this._leaving = null;
    this._token = null;
    this._over = false;
    this._retry = 0;
    this._retrying = null;
    this._lost = null;
    this._ping = null;
    this._known = null; // the last state that the server told
  }

  /** True while the call is neither ended nor refused. */
  get live() {
    return !this._over && this.state !== "new";
  }

  /** Call an entry of the site. Resolves when the call is under way or was refused; everything else is told by onState. */
  async start(entry) {
    if (this.state !== "new") throw new Error("a WebCall makes one call");
    this._tell("microphone");
    try {
      this._localStream = await navigator.mediaDevices.getUserMedia({ audio: this._microphone });
    } catch (error) {
      return this._finish("refused", { code: "microphone", reason: error.name });
    }
    if (this._over) return stopTracks(this._localStream); // hung up while the browser was asking
    this.mute(this.muted);
    this._tell("connecting");
    const sdp = await this._openMedia();
    if (!this._over) this._connect({ type: "start", entry, sdp, ...withoutEmpty(this._who) });
  }

  /** Press one key: 0-9 * # A-D. Keys in a row queue up. */
  press(digit) {
    if (!/^[0-9*#A-D]$/.test(digit)) throw new RangeError(`not a telephone key: ${digit}`);
    const dtmf = this._sender?.dtmf;
    if (dtmf?.canInsertDTMF) dtmf.insertDTMF(dtmf.toneBuffer + digit, 100, 70);
    else this._send({ type: "press_digit", digit });
  }

  /** Silence or reopen the microphone. */
  mute(muted) {
    this.muted = Boolean(muted);
    for (const track of this._localStream?.getAudioTracks() ?? []) track.enabled = !this.muted;
  }

  /** Leave. */
  hangUp() {
    this._send({ type: "hang_up" });
    this._finish("ended", { reason: "caller" });
  }

  /** Start playback after "playback-blocked"; call it from a click. */
  resumePlayback() {
    return this.audio.play();
  }

  // --- media ---------------------------------------------------------------------------------------------------

  async _openMedia() {
    const pc = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
    this._retire();
    this._stale = false;
    this._pc = pc;
    pc.ontrack = ({ track }) => this._playRemote(track);
    pc.onconnectionstatechange = () => this._mediaChanged(pc);
    const transceiver = pc.addTransceiver(this._localStream.getAudioTracks()[0], { direction: "sendrecv" });
    if (this._codec === "g711") preferTelephoneCodecs(transceiver);
    this._sender = transceiver.sender;
    await pc.setLocalDescription(await pc.createOffer());
    await gatheringComplete(pc);
    return pc.localDescription.sdp;
  }

  _mediaChanged(pc) {
    clearTimeout(this._lost);
    if (pc !== this._pc || this._over) return;
    if (pc.connectionState === "failed") this._renew();
    else if (pc.connectionState === "disconnected") this._lost = setTimeout(() => this._renew(), MEDIA_PATIENCE_MS);
  }

  // The path is gone though the socket may not have noticed yet: begin again with both.
  _renew() {
    const socket = this._socket;
    if (this._over || !this._token || !socket) return; // without a socket it is under way already
    this._stale = true;
    socket.close();
    this._reconnect(socket);
  }

  _playRemote(track) {
    this.remoteStream = playTrack(this.audio, track, () => this.onState("playback-blocked", {}));
  }

  // An old path is closed only when the server has the new one: closing says goodbye, which would end the call.
  _retire() {
    clearTimeout(this._lost);
    const pc = this._pc;
    this._pc = null;
    this._sender = null;
    if (!pc) return;
    pc.onconnectionstatechange = null;
    pc.ontrack = null;
    this._retired.push(pc);
  }

  _closeRetired() {
    for (const pc of this._retired.splice(0)) pc.close();
  }

  // --- the socket ----------------------------------------------------------------------------------------------

  _connect(first) {
    const socket = new WebSocket(this._url);
    this._socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(first));
    socket.onmessage = ({ data }) => this._received(JSON.parse(data));
    socket.onclose = () => this._reconnect(socket);
  }

  _reconnect(socket) {
    if (socket !== this._socket || this._over) return;
    this._socket = null;
    clearInterval(this._ping);
    if (!this._token || this._retry >= RETRY_MS.length) {
      const before = this.state === "connecting";
      this._finish(before ? "refused" : "ended", before ? { code: "unavailable" } : { reason: "connection lost" });
      return;
    }
    this._tell("reconnecting");
    this._retrying = setTimeout(() => this._resume(), RETRY_MS[this._retry]);
    this._retry += 1;
  }

  async _resume() {
    const resume = { type: "resume", token: this._token };
    if (this._stale || this._pc?.connectionState !== "connected") resume.sdp = await this._openMedia();
    if (!this._over) this._connect(resume);
  }

  _received(message) {
    switch (message.type) {
      case "answer":
        this._leave();
        this._token = message.token;
        return this._taken(message.sdp);
      case "resumed":
        if (this._known) this._tell(...this._known);
        return this._taken(message.sdp);
      case "state": {
        const { state, place = null, agent = null, emergency = null } = message;
        this._known = [state, { place, agent, emergency }];
        return this._tell(...this._known);
      }
      case "move":
        return this._move(message);
      case "refused":
        return this._finish(message.code === "unknown_call" ? "ended" : "refused", {
          code: message.code,
          reason: message.reason ?? "",
        });
      case "ended":
        return this._finish("ended", { reason: message.reason });
    }
  }

  // This node ends, and another one keeps our place: the call begins anew there. The one here is left when it has.
  async _move({ node, entry }) {
    const socket = this._socket;
    if (this._over || !socket) return;
    this._leaving = socket;
    socket.onmessage = socket.onclose = null;
    clearInterval(this._ping);
    this._url = new URL(PATH, node.replace(/^http/, "ws")).href;
    this._token = this._known = null;
    this._tell("reconnecting");
    const sdp = await this._openMedia();
    if (!this._over) this._connect({ type: "start", entry, sdp, ...withoutEmpty(this._who) });
  }

  _leave() {
    this._leaving?.close();
    this._leaving = null;
  }

  async _taken(sdp) {
    this._retry = 0;
    clearInterval(this._ping);
    this._ping = setInterval(() => this._send({ type: "ping" }), PING_EVERY_MS);
    const pc = this._pc;
    if (!sdp || !pc) return;
    try {
      await pc.setRemoteDescription({ type: "answer", sdp });
      this._closeRetired();
    } catch (error) {
      if (pc === this._pc) throw error; // else hung up meanwhile
    }
  }

  _send(message) {
    if (this._socket?.readyState === WebSocket.OPEN) this._socket.send(JSON.stringify(message));
  }

  _finish(state, detail) {
    if (this._over) return;
    this._over = true;
    clearInterval(this._ping);
    clearTimeout(this._retrying);
    this._retire();
    this._closeRetired();
    stopTracks(this._localStream);
    this._localStream = null;
    this.audio.srcObject = null;
    this.remoteStream = null;
    this._socket?.close();
    this._leave();
    this._tell(state, detail);
  }

  _tell(state, detail = {}) {
    this.state = state;
    this.onState(state, detail);
  }
}

function defaultUrl() {
  const { protocol, host } = globalThis.location;
  return `${protocol === "https:" ? "wss" : "ws"}://${host}${PATH}`;
}

function withoutEmpty(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
}
