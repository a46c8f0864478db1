// What the page shows, as one immutable value; `reduce` is pure and says what each message of the server changes.
import { chatChange, mergedChat, unsent } from "./chat-state.js";
import { changedItem, NO_LIST } from "../lib/follow-up-list.js";
import { notesWith } from "./notes.js";
import { targetsWith } from "./targets.js";

export const initial = {
  connection: "connecting", // connecting | online | waiting | ended
  ended: null, // why the server ended it for good
  agent: null,
  ready: false, // a snapshot has arrived
  presence: null,
  reason: null,
  since_us: 0,
  media: [], // of which the agent may have work at all
  paused: [], // of which they take nothing new for now
  next: null, // the presence that begins when the last wrap-up ends
  next_reason: null,
  today: {},
  snapshots: 0, // how many came: what was asked for by the connection is asked for anew after each
  targets: null, // {medium, agents, queues} while somebody chooses whom to hand work to
  followUps: NO_LIST, // what is to be done after customers have gone
  leg: "none",
  offers: [],
  works: [], // {reservation_id, assignment, wrapUp, outbox}: from accept until wrap-up ends
  calls: {}, // reservation_id -> who is in that call of the agent's
  recordings: {}, // reservation_id -> how its recording stands, null for a call without one
  asked: {}, // reservation_id -> {on, since_us, seen_by}: help from a supervisor
  listening: null, // a supervisor's: {mode, parties} of the call that is listened to
  parked: [], // chats that wait for their customer
  shown: null, // the reservation of the chat that is in front
  reasons: [],
  dispositions: {},
  dials: false, // customers can be called back
  guidance: { site: "", replies: [], scripts: {} }, // what the site gives to say and to go by
  ownReplies: [], // canned replies that the agent keeps for themselves
  news: {}, // interaction -> how often the server said that there is something new about its customer
  notes: {}, // interaction -> internal notes, in order
  mentions: [], // {id, interaction_id, note}: notes that name the agent and were not seen
  phone: { state: "none", problem: null, muted: false, quality: null },
  notices: [], // {id, kind: "info"|"error", key | text}
};

let noticeId = 0;

export function reduce(state, message) {
  switch (message.type) {
    case "welcome":
      return { ...state, agent: message.agent };
    case "snapshot":
      return snapshot(state, message);
    case "presence":
      return missed({ ...state, ...declared(message) }, message);
    case "today":
      return { ...state, today: message.today };
    case "targets":
      return { ...state, targets: targetsWith(state.targets, message) };
    case "follow_up":
      return { ...state, followUps: changedItem(state.followUps, message.follow_up) };
    case "leg":
      return { ...state, leg: message.state };
    case "offer":
      return { ...state, offers: upsert(state.offers, message) };
    case "past":
      return past(state, message);
    case "offer_withdrawn":
      return withdrawn(state, message);
    case "assignment":
      return assignment(state, message);
    case "call":
      return {
        ...state,
        calls: { ...state.calls, [message.reservation_id]: message.parties ?? [] },
        recordings: { ...state.recordings, [message.reservation_id]: message.recording ?? null },
      };
    case "wrap_up":
      return { ...state, calls: withoutCall(state, message), works: changeWork(state.works, message.reservation_id, { wrapUp: message }, true) };
    case "listening":
      return { ...state, listening: heard(message) };
    case "asked_supervisor":
      return { ...state, asked: { ...state.asked, [message.reservation_id]: message } };
    case "chat_parked":
      return { ...state, works: without(state.works, message.reservation_id) };
    case "parked":
      return { ...state, parked: message.chats ?? [] };
    case "wrap_up_ended":
      return { ...state, works: without(state.works, message.reservation_id) };
    case "chat_message":
    case "chat_typing":
    case "chat_receipt":
    case "chat_listeners":
    case "chat_whispered":
    case "local/chat_read":
      return chat(state, message);
    case "note_added":
      return { ...state, notes: { ...state.notes, [message.interaction_id]: notesWith(state.notes[message.interaction_id], [message.note]) } };
    case "mentioned":
      return { ...state, mentions: [...state.mentions.filter(({ id }) => id !== message.id), message] };
    case "customer_changed":
      return { ...state, news: { ...state.news, [message.interaction_id]: (state.news[message.interaction_id] ?? 0) + 1 } };
    default:
      return local(state, message);
  }
}

/** Changes that the page itself makes. */
function local(state, message) {
  switch (message.type) {
    case "local/connection":
      return { ...state, connection: message.state, ended: message.detail ?? null };
    case "local/show":
      return { ...state, shown: message.reservation_id };
    case "local/outbox":
      return { ...state, works: changeWork(state.works, message.reservation_id, { outbox: message.outbox }) };
    case "local/notes":
      return { ...state, notes: { ...state.notes, [message.interaction_id]: notesWith(state.notes[message.interaction_id], message.notes) } };
    case "local/mentions":
      return { ...state, mentions: message.mentions };
    case "local/mention_seen":
      return { ...state, mentions: state.mentions.filter(({ id }) => id !== message.id) };
    case "local/targets":
      return { ...state, targets: message.targets };
    case "local/follow_ups":
      return { ...state, followUps: message.followUps };
    case "local/guidance":
      return { ...state, guidance: message.guidance };
    case "local/own_replies":
      return { ...state, ownReplies: message.items };
    case "local/phone":
      return { ...state, phone: { ...state.phone, ...message.change } };
    case "local/notice":
      return notice(state, message.notice);
    case "local/notice_gone":
      return { ...state, notices: state.notices.filter(({ id }) => id !== message.id) };
    case "local/signed_out":
      return { ...initial };
    default:
      return state; // a newer server may say more than this page knows
  }
}

function snapshot(state, message) {
  let works = [];
  for (const each of message.assignments ?? []) works = withAssignment(works, each, find(state.works, each.reservation_id));
  for (const wrapUp of message.wrap_ups ?? []) {
    // The page may know the caller from before, when the snapshot speaks of the wrap-up alone.
    const known = find(works, wrapUp.reservation_id) ?? find(state.works, wrapUp.reservation_id);
    const change = known?.assignment ? { assignment: ended(known.assignment), wrapUp } : { wrapUp };
    works = changeWork(works, wrapUp.reservation_id, change, true);
  }
  return {
    ...state,
    ready: true,
    snapshots: state.snapshots + 1,
    targets: null,
    ...declared(message),
    media: message.media ?? [],
    today: message.today ?? {},
    leg: message.leg,
    offers: message.offers ?? [],
    parked: message.parked ?? [],
    listening: heard(message.listening),
    asked: Object.fromEntries((message.asked ?? []).map((one) => [one.reservation_id, one])),
    works,
    calls: Object.fromEntries((message.calls ?? []).map(({ reservation_id, parties }) => [reservation_id, parties ?? []])),
    recordings: Object.fromEntries((message.calls ?? []).map(({ reservation_id, recording }) => [reservation_id, recording ?? null])),
    reasons: message.reasons ?? [],
    dispositions: message.dispositions ?? {},
    dials: message.dials ?? false,
  };
}

function declared({ presence, reason, since_us, paused, next, next_reason }) {
  return { presence, reason: reason ?? null, since_us, paused: paused ?? [], next: next ?? null, next_reason: next_reason ?? null };
}

/** No parties mean that it is over. */
function heard(listening) {
  return listening?.parties?.length ? listening : null;
}

function ended(known) {
  return { ...known, state: "ended" };
}

function missed(state, { presence, reason }) {
  const told = presence === "not_ready" && (reason === "missed_offer" || reason === "leg_failed");
  if (!told) return state;
  // Said with its consequence, it need not be said twice.
  const notices = state.notices.filter(({ key }) => key !== "withdrawn.expired");
  return notice({ ...state, notices }, { kind: "error", key: `notice.${reason}` });
}

/** What the customer had before came after the card. */
function past(state, { reservation_id, history }) {
  const offers = state.offers.map((offer) => (offer.reservation_id === reservation_id ? { ...offer, history } : offer));
  const known = find(state.works, reservation_id)?.assignment;
  const works = known ? changeWork(state.works, reservation_id, { assignment: { ...known, history } }) : state.works;
  return { ...state, offers, works };
}

function withdrawn(state, { reservation_id, reason }) {
  const known = [...state.offers, ...state.works].some((each) => each.reservation_id === reservation_id);
  const next = {
    ...state,
    offers: without(state.offers, reservation_id),
    works: without(state.works, reservation_id),
    calls: withoutCall(state, { reservation_id }),
  };
  const told = known && reason !== "rejected" && reason !== "signed_out";
  return told ? notice(next, { kind: reason === "expired" ? "error" : "info", key: `withdrawn.${reason}` }) : next;
}

function assignment(state, message) {
  const { reservation_id } = message;
  const known = find(state.works, reservation_id);
  if (message.state === "ended" && !known) return state; // its wrap-up is over already
  return { ...state, offers: without(state.offers, reservation_id), works: withAssignment(state.works, message, known) };
}

function withAssignment(works, message, known) {
  if (message.medium !== "chat") return changeWork(works, message.reservation_id, { assignment: message }, true);
  const chat = mergedChat(known?.assignment?.chat, message.chat);
  const change = { assignment: { ...message, chat }, outbox: unsent(known?.outbox ?? [], chat.lines) };
  return changeWork(works, message.reservation_id, change, true);
}

function chat(state, message) {
  const work = find(state.works, message.reservation_id);
  if (!work?.assignment?.chat) return state;
  const changed = chatChange(work.assignment.chat, message);
  const change = { assignment: { ...work.assignment, chat: changed }, outbox: unsent(work.outbox ?? [], changed.lines) };
  return { ...state, works: changeWork(state.works, message.reservation_id, change) };
}

function find(list, reservation_id) {
  return list.find((each) => each.reservation_id === reservation_id);
}

function changeWork(works, reservation_id, change, create) {
  if (works.some((work) => work.reservation_id === reservation_id))
    return works.map((work) => (work.reservation_id === reservation_id ? { ...work, ...change } : work));
  return create ? [...works, { reservation_id, ...change }] : works;
}

function withoutCall({ calls }, { reservation_id }) {
  const { [reservation_id]: over, ...others } = calls;
  return over ? others : calls;
}

function upsert(offers, offer) {
  return [...without(offers, offer.reservation_id), offer];
}

function without(list, reservation_id) {
  return list.filter((each) => each.reservation_id !== reservation_id);
}

function notice(state, { kind, key, text }) {
  return { ...state, notices: [...state.notices.slice(-3), { id: ++noticeId, kind, key, text }] };
}

/** True while an agent talks, or is about to, and while a supervisor is heard in somebody's call. */
export function talking({ works, listening }) {
  const heard = Boolean(listening) && listening.mode !== "listen";
  return heard || works.some(({ assignment: one }) => one && one.medium === "voice" && one.state !== "ended");
}

/** Whether the agent's own audio is there, without which the server offers no calls. */
export const audible = ({ leg }) => leg === "up" || leg === "phone_registered";

/** Whether anything that the agent takes can reach them now: chats need the page only. */
export const reachable = (state) => audible(state) || state.media.some((medium) => medium !== "voice");
