// Which microphone, speaker and ringer the agent chose, and what is plugged in now.
const STORED = "jackfield.devices";
const KIND = { microphone: "audioinput", speaker: "audiooutput", ringer: "audiooutput" };
export const ROLES = Object.keys(KIND);

export class Devices {
  constructor() {
    this._chosen = JSON.parse(localStorage.getItem(STORED)) ?? {}; // role -> {id, label}
    this._listeners = new Set();
    navigator.mediaDevices?.addEventListener("devicechange", () => this._tell());
  }

  /** Whether this browser can play on a chosen device (Firefox and Chromium can, Safari cannot). */
  get canChooseSpeaker() {
    return "setSinkId" in HTMLMediaElement.prototype;
  }

  /** role -> the devices that fit it; names are empty until the microphone was allowed once. */
  async list() {
    const found = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const fitting = (role) => found.filter(({ kind, deviceId }) => kind === KIND[role] && deviceId && deviceId !== "default");
    return Object.fromEntries(ROLES.map((role) => [role, fitting(role)]));
  }

  /** The id of the chosen device; "" (the system's own) when none is chosen or it is not plugged in. */
  async idOf(role) {
    const chosen = this._chosen[role];
    if (!chosen) return "";
    const plugged = (await this.list())[role];
    // Browsers may give a device another id after a restart; its name stays.
    const found = plugged.find(({ deviceId }) => deviceId === chosen.id) ?? plugged.find(({ label }) => label && label === chosen.label);
    return found?.deviceId ?? "";
  }

  choose(role, { deviceId = "", label = "" } = {}) {
    this._chosen = { ...this._chosen, [role]: deviceId ? { id: deviceId, label } : undefined };
    localStorage.setItem(STORED, JSON.stringify(this._chosen));
    this._tell();
  }

  /** Called when a choice or what is plugged in has changed. Returns how to stop it. */
  subscribe(listener) {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  _tell() {
    for (const listener of [...this._listeners]) listener();
  }
}
