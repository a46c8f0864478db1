// The server's clock as seen from here, and durations for people.
import { language } from "./i18n.js";
import { useEffect, useState } from "./ui.js";

let offsetMs = 0;

export function setClock(offset) {
  offsetMs = offset;
}

/** Milliseconds since the epoch, by the server's clock. */
export const serverNow = () => Date.now() + offsetMs;

const clocks = new Map(); // by interval: however many things tick, there is one timer

/** Calls `listener` every `everyMs`, until the function that it returns is called. */
export function onTick(everyMs, listener) {
  const clock = clocks.get(everyMs) ?? { listeners: new Set(), timer: null };
  clocks.set(everyMs, clock);
  clock.listeners.add(listener);
  clock.timer ??= setInterval(() => ring(clock), everyMs);
  return () => {
    clock.listeners.delete(listener);
    if (clock.listeners.size) return;
    clearInterval(clock.timer);
    clock.timer = null;
  };
}

const ring = (clock) => [...clock.listeners].forEach((each) => each());

/** What ticks with this interval ticks now and counts from here: it is drawn together with what is drawn anyway. */
export function tickNow(everyMs) {
  const clock = clocks.get(everyMs);
  if (!clock?.timer) return;
  clearInterval(clock.timer);
  clock.timer = setInterval(() => ring(clock), everyMs);
  ring(clock);
}

/** Redraws the component every `everyMs` and gives the server's time. */
export function useNow(everyMs = 500) {
  const [, redraw] = useState(0);
  useEffect(() => onTick(everyMs, () => redraw((count) => count + 1)), [everyMs]);
  return serverNow();
}

/** 65000 -> "1:05", 3661000 -> "1:01:01". */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

export function dateTime(us) {
  return new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }).format(us / 1000);
}

export function time(us) {
  return new Intl.DateTimeFormat(language(), { timeStyle: "short", hourCycle: "h23" }).format(us / 1000);
}
