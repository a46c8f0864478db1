// What the page shows, as one immutable value. Pure but for the store itself.
import { changedItem, NO_LIST } from "../lib/follow-up-list.js";

export const initial = {
  connection: "connecting", // connecting | online | waiting | ended
  ended: null,
  ready: false, // a snapshot has arrived
  account: null,
  role: null,
  agentId: null, // of who watches
  reasons: {}, // for being not ready: code -> language -> title; skills and teams alike
  skills: {},
  teams: {},
  queues: new Map(), // by id
  agents: new Map(),
  work: new Map(),
  alerts: new Map(), // the open ones
  channels: new Map(),
  chats: new Map(), // the open ones
  calls: new Map(), // those in which somebody speaks, with who is in them
  followUps: NO_LIST, // what is to be done after customers have gone
  snapshots: 0,
  help: new Map(), // what agents ask for
  trends: new Map(), // the last four hours of each queue
  limits: {}, // after how many microseconds of a reason somebody is told, "" for all others
  notices: [],
};

let noticeId = 0;

export function reduce(state, message) {
  switch (message.type) {
    case "welcome":
      return { ...state, account: message.account, role: message.role, agentId: message.agent_id ?? null, reasons: message.reasons ?? {}, skills: message.skills ?? {}, teams: message.team_titles ?? {}, limits: message.limits ?? {} };
    case "titles":
      return { ...state, reasons: message.reasons, skills: message.skills, teams: message.team_titles, limits: message.limits };
    case "snapshot":
      // In the order of their names from the beginning: what is in order is sorted again at next to no cost.
      return { ...state, ready: true, snapshots: state.snapshots + 1, ...parts(initial, { ...message, agents: byName(message.agents) }), ...followed(state, message) };
    case "change":
      return { ...state, ...parts(state, message), ...followed(state, message) };
    case "local/follow_ups":
      return { ...state, followUps: message.followUps };
    case "local/named":
      return { ...state }; // what is shown by an id has a name now
    case "local/connection":
      return { ...state, connection: message.state, ended: message.detail ?? null };
    case "local/notice":
      return { ...state, notices: [...state.notices.slice(-3), { id: ++noticeId, ...message.notice }] };
    case "local/notice_gone":
      return { ...state, notices: state.notices.filter(({ id }) => id !== message.id) };
    case "local/signed_out":
      return { ...initial };
    default:
      return state; // a newer server may say more than this page knows
  }
}

/** What the board has, each kind by its id. */
export const KEYS = { queues: "queue", agents: "agent_id", work: "work_id", alerts: "id", channels: "channel", chats: "interaction_id", calls: "interaction_id", help: "reservation_id", trends: "queue" };

function parts(before, message) {
  return Object.fromEntries(Object.entries(KEYS).map(([part, key]) => [part, merged(before[part], message[part], key, message.gone?.[part])]));
}

/** The board tells of those that came or changed; the list itself is asked for. */
const followed = ({ followUps }, { follow_ups: fresh = [] }) => (fresh.length ? { followUps: fresh.reduce(changedItem, followUps) } : {});

function merged(before, fresh = [], key, gone = []) {
  if (!fresh.length && !gone.length) return before;
  const next = new Map(before);
  for (const each of fresh) next.set(String(each[key]), each);
  for (const each of gone) next.delete(each);
  return next;
}

/** Nobody has taken it yet. */
export const notTaken = ({ state }) => state === "waiting" || state === "offered";

/** Waiting items queue by queue, each queue in its order. */
export function inOrder(work) {
  return [...work.values()].filter(notTaken).sort((a, b) => compare(a.queue, b.queue) || byOrder(a.order, b.order));
}

/** What agents have, the oldest first. */
export const inService = (work) =>
  [...work.values()].filter((item) => !notTaken(item)).sort((a, b) => (a.since ?? a.queued_at) - (b.since ?? b.queued_at));

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

function byOrder(a, b) {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : a[at] - b[at];
}

/** Milliseconds that the item at this place of the queue is likely to wait from now; null while nobody can say. */
export function expectedWait(queue, place) {
  return queue?.wait_per_place_us && place ? (queue.wait_per_place_us * place) / 1000 : null;
}

const collator = new Intl.Collator(undefined, { numeric: true });
export const byName = (agents) => [...agents.values()].sort((a, b) => collator.compare(nameOf(a), nameOf(b)));

export const nameOf = (agent) => agent.display_name || agent.agent_id;

/** Every skill that somebody has or something asks for, to choose from. */
export function knownSkills({ agents, work }) {
  const all = [...agents.values()].flatMap(({ skills }) => Object.keys(skills ?? {}));
  const asked = [...work.values()].flatMap(({ requirements }) => Object.keys(requirements));
  return [...new Set([...all, ...asked])].sort();
}
