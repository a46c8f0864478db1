// Everything that one customer did, over calls and chats, found by an interaction of theirs.
import { api } from "../lib/api.js";
import { tCode } from "../lib/i18n.js";

const LENGTH = 20;
// The records follow what happens by about a second.
const WAITS_MS = [1200, 2500, 5000];
const AGAIN_MS = [0, 1200, 2500];

/** {customer, identities, items}, or null when the server does not say (older interactions are in the card then). */
export async function timelineOf(interaction_id, again, signal) {
  for (const wait of again ? AGAIN_MS : WAITS_MS) {
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
    if (!record.customer_id) return { customer: null, identities, items: [record] };
    const found = await api(`customers/${encodeURIComponent(record.customer_id)}/timeline?limit=${LENGTH}`);
    return { customer: record.customer_id, identities: found.customer.identities, items: found.items };
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

/** What is known of a customer, who may be the same, who was merged; null when the server does not say. */
export async function profileOf(customer) {
  try {
    return await api(`customers/${encodeURIComponent(customer)}`);
  } catch (error) {
    console.info("no profile", error);
    return null;
  }
}

/** {profile, problem}: what holds then, or what is wrong in words. */
export async function changeProfile(path, method, body) {
  try {
    return { profile: await api(`customers/${path}`, { method, body }), problem: null };
  } catch (error) {
    return { profile: null, problem: tCode("refused", error.code ?? "unavailable", error.message) };
  }
}
