// Changes of a large floor are shown a little more than once a second: drawing costs, and nobody reads faster.
import { tickNow } from "../lib/time.js";
import { KEYS } from "./store.js";

const LARGE = 100; // things in a snapshot
const PAUSE_MS = 700; // the server gathers for 250 ms before: together less than a second

/** Passes messages on at once, but for changes of a large floor that follow each other. */
export function gathered(dispatch) {
  let waiting = [];
  let timer = null;
  let large = false;
  let last = -Infinity;
  const flush = () => {
    clearTimeout(timer);
    timer = null;
    last = performance.now();
    const changes = waiting;
    waiting = [];
    if (!changes.length) return;
    dispatch(changes.reduce(joined));
    tickNow(1000);
  };
  return (message) => {
    if (message.type === "snapshot") large = message.agents.length + message.work.length > LARGE;
    if (message.type !== "change" || !large) {
      flush();
      dispatch(message);
      return;
    }
    waiting.push(message);
    if (timer === null) timer = setTimeout(flush, Math.max(0, last + PAUSE_MS - performance.now()));
  };
}

/** Two changes as one: what the second one takes away is gone, what it brings replaces what the first one brought. */
function joined(first, second) {
  const one = { ...second, gone: {} };
  for (const [part, key] of Object.entries(KEYS)) {
    const newer = new Set([...(second[part] ?? []).map((each) => String(each[key])), ...(second.gone?.[part] ?? [])]);
    one[part] = [...(first[part] ?? []).filter((each) => !newer.has(String(each[key]))), ...(second[part] ?? [])];
    one.gone[part] = [...(first.gone?.[part] ?? []).filter((name) => !newer.has(name)), ...(second.gone?.[part] ?? [])];
  }
  one.follow_ups = [...(first.follow_ups ?? []), ...(second.follow_ups ?? [])]; // in the order in which they changed
  return one;
}
