// What the visitor's browser remembers: who it is over visits, and the chat that is open. Without storage (some private
// windows refuse it) everything works but for a reload.
import { randomName } from "../lib/random.js";

const VISITOR = "jackfield.visitor";

export class Memory {
  /** `name` tells entries and servers apart. */
  constructor(name) {
    this._key = `jackfield.chat.${name}`;
    this._held = new Map();
  }

  /** A random id that stays: by it the next visit is the same customer. */
  get visitorId() {
    const known = this._get(VISITOR);
    if (known && /^[A-Za-z0-9_-]{16,64}$/.test(known)) return known;
    const fresh = randomName();
    this._set(VISITOR, fresh);
    return fresh;
  }

  /** {key, opening, token, chatId, outbox} of the chat that is open, or null. */
  get chat() {
    try {
      return JSON.parse(this._get(this._key));
    } catch {
      return null; // somebody else wrote there
    }
  }

  set chat(chat) {
    this._set(this._key, chat && JSON.stringify(chat));
  }

  _get(key) {
    try {
      return localStorage.getItem(key) ?? this._held.get(key) ?? null;
    } catch {
      return this._held.get(key) ?? null;
    }
  }

  _set(key, value) {
    try {
      if (value) localStorage.setItem(key, value);
      else localStorage.removeItem(key);
    } catch {
      this._held.set(key, value);
    }
  }
}
