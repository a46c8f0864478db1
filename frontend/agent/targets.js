// To whom a call or a chat can be handed on: the server tells, and each change, as long as somebody chooses.
import { inOrderOfNames, label } from "../lib/i18n.js";
import { useEffect, useState } from "../lib/ui.js";

const ORDER = ["free", "busy", "not_ready", "offline"];

let titles = {};

/** {agents, queues} with free agents first; null before the first answer. `failed` when nobody can say. */
export function useTargets(medium, desk) {
  const [state, setState] = useState(desk.store.get());
  useEffect(() => desk.store.subscribe(setState), [desk]);
  // A snapshot ends what was asked for before.
  useEffect(() => {
    if (state.connection === "online") desk.watchTargets(medium);
  }, [state.snapshots, state.connection]);
  useEffect(() => () => desk.watchTargets(null), []);
  const found = state.targets?.medium === medium ? state.targets : null;
  return { targets: found && sorted(found), failed: state.connection !== "online" || state.targets?.failed };
}

/** The targets after a message: the whole list, or what changed in it. */
export function targetsWith(before, { medium, whole, agents = [], queues = [] }) {
  if (whole || before?.medium !== medium) return { medium, agents, queues };
  return { medium, agents: replaced(before.agents, agents, "agent_id"), queues: replaced(before.queues, queues, "queue") };
}

const replaced = (list, fresh, key) => list.map((one) => fresh.find((each) => each[key] === one[key]) ?? one);

function sorted({ agents, queues }) {
  titles = Object.fromEntries(queues.map((one) => [one.queue, one]));
  const rank = ({ availability }) => ORDER.indexOf(availability);
  return { queues, agents: [...agents].sort((a, b) => rank(a) - rank(b) || inOrderOfNames(a.name, b.name)) };
}

/** What people call the queue, if it was ever offered here; else the name that the server uses. */
export const queueTitle = (queue) => label(titles[queue]?.titles) || titles[queue]?.title || queue;
