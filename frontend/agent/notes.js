// Internal notes: read with each chat, followed live, and those that name the agent until they have been seen.
import { api } from "../lib/api.js";
import { tCode } from "../lib/i18n.js";
import { isChat } from "./chat-state.js";

const WAITS_MS = [0, 1500, 4000];

/** Loads the notes of each chat that comes, and with every snapshot what the agent has not seen. */
export function keepNotes(store) {
  const asked = new Set();
  store.subscribe((state, before) => {
    if (!state.ready) return;
    if (state.reasons !== before.reasons) {
      asked.clear();
      loadMentions(store);
    }
    for (const { assignment } of state.works.filter(isChat)) {
      if (asked.has(assignment.interaction_id)) continue;
      asked.add(assignment.interaction_id);
      loadNotes(store, assignment.interaction_id);
    }
  });
}

async function loadNotes(store, interaction_id) {
  for (const wait of WAITS_MS) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      const { notes } = await api(`interactions/${encodeURIComponent(interaction_id)}/notes`);
      return store.dispatch({ type: "local/notes", interaction_id, notes: notes.map(shown) });
    } catch (error) {
      console.info("no notes yet", error); // the records follow what happens by about a second
    }
  }
  return undefined;
}

async function loadMentions(store) {
  try {
    const { mentions } = await api("mentions");
    store.dispatch({ type: "local/mentions", mentions: mentions.map(({ id, note }) => ({ id, interaction_id: note.interaction_id, note: shown(note) })) });
  } catch (error) {
    console.info("no mentions", error);
  }
}

/** null when it is kept, else what is wrong in words. It comes back to the page as `note_added`. */
export async function writeNote(interaction_id, text, mentions) {
  try {
    await api(`interactions/${encodeURIComponent(interaction_id)}/notes`, { method: "POST", body: { text, mentions } });
    return null;
  } catch (error) {
    return tCode("refused", error.code ?? "unavailable", error.message);
  }
}

export async function seeMention(store, id) {
  store.dispatch({ type: "local/mention_seen", id });
  try {
    await api(`mentions/${id}/seen`, { method: "POST" });
  } catch (error) {
    console.info("not kept; it is shown again at the next sign-in", error);
  }
}

export async function colleagues() {
  try {
    return (await api("colleagues")).agents;
  } catch (error) {
    console.info("no colleagues", error);
    return [];
  }
}

/** Whom a text names: "@" and the whole name, as the picker writes it. */
export const namedIn = (text, agents) => agents.filter(({ name }) => text.includes(`@${name}`)).map(({ agent_id }) => agent_id);

/** Messages and notes in the order in which they were written. Pure. */
export function withNotes(lines, notes) {
  if (!notes?.length) return lines;
  const entries = notes.map((note) => ({ ...note, author: "internal", number: `note-${note.id}` }));
  return [...lines, ...entries].sort((a, b) => a.at_us - b.at_us);
}

/** The same note once, in order. Pure. */
export function notesWith(known = [], fresh) {
  const there = new Set(known.map(({ id }) => id));
  return [...known, ...fresh.filter(({ id }) => !there.has(id))].sort((a, b) => a.id - b.id);
}

const shown = ({ at, ...note }) => ({ ...note, at_us: at });
