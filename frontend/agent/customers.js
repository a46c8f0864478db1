// Everything that one customer did, over calls and chats, found by an interaction of theirs.
import { api } from "../lib/api.js";

const LENGTH = 20;
// The records follow what happens by about a second.
const WAITS_MS = [1200, 2500, 5000];

/** {identities, items}, or null when the server does not say (older interactions are in the card then). */
export async function timelineOf(interaction_id, signal) {
  for (const wait of WAITS_MS) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    if (signal.aborted) return null;
    const timeline = await ask(interaction_id);
    if (timeline) return timeline;
  }
  return null;
}

async function ask(interaction_id) {
  try {
    const { record, identities } = await api(`interactions/${encodeURIComponent(interaction_id)}`);
    if (!record.customer_id) return { identities, items: [record] };
    const found = await api(`customers/${encodeURIComponent(record.customer_id)}/timeline?limit=${LENGTH}`);
    return { identities: found.customer.identities, items: found.items };
  } catch (error) {
    console.info("no timeline", error);
    return null;
  }
}

/** Notes and messages of one interaction; null when the agent may not see it. */
export async function storyOf(interaction_id) {
  try {
    return await api(`interactions/${encodeURIComponent(interaction_id)}`);
  } catch (error) {
    console.info("no story", error);
    return null;
  }
}
