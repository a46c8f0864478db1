// Canned replies that an agent keeps for themselves, beside those of the site's files.
import { api, ApiError } from "../lib/api.js";
import { t, tCode } from "../lib/i18n.js";

/** Asked for with each snapshot. */
export function keepOwnReplies(store) {
  store.subscribe((state, before) => void (state.ready && state.snapshots !== before.snapshots && load(store)));
}

/** Gives what went wrong in words, or null. */
export async function keepReply(store, name, { title, text }) {
  return changed(store, api(`own-replies/${encodeURIComponent(name)}`, { method: "PUT", body: { title, text } }));
}

export async function removeReply(store, name) {
  return changed(store, api(`own-replies/${encodeURIComponent(name)}`, { method: "DELETE" }));
}

async function changed(store, request) {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof ApiError)) return t("sign_in.unreachable");
    return tCode("own_replies_problem", error.code, error.message);
  }
  await load(store);
  return null;
}

async function load(store) {
  try {
    store.dispatch({ type: "local/own_replies", items: (await api("own-replies")).items });
  } catch (error) {
    console.info("no own replies", error);
  }
}

/** Those whose name or title has the word, those that begin with it first. */
export function ownRepliesFor(items, word) {
  const wanted = word.toLowerCase();
  const begins = ({ name }) => name.toLowerCase().startsWith(wanted);
  const found = items.filter(({ name, title }) => [name, title].some((each) => each.toLowerCase().includes(wanted)));
  return [...found.filter(begins), ...found.filter((one) => !begins(one))];
}
