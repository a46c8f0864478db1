// What the site gives agents to say and to go by: canned replies and scripts. All but the loading is pure.
import { api } from "../lib/api.js";
import { label, language, t } from "../lib/i18n.js";
import { keepTitles } from "../lib/names.js";
import { duration } from "../lib/time.js";

const NOTHING = { site: "", titles: { queues: {}, channels: {}, teams: {} }, replies: [], scripts: {} };

/** Read again with every snapshot: the server sends one when the site's files were read again. */
export function keepGuidance(store) {
  store.subscribe(async (state, before) => {
    if (!state.ready || state.reasons === before.reasons) return;
    store.dispatch({ type: "local/guidance", guidance: await loaded() });
  });
}

async function loaded() {
  try {
    const found = await api("guidance");
    keepTitles(found.titles);
    return found;
  } catch (error) {
    console.info("no guidance", error);
    return NOTHING;
  }
}

/** Of these languages the first that there is a text in, by the whole tag or by its first part; else any. */
export function textIn(texts, ...wanted) {
  const tags = Object.keys(texts);
  for (const tag of wanted.filter(Boolean)) {
    const exact = tags.find((each) => each.toLowerCase() === tag.toLowerCase());
    const near = exact ?? tags.find((each) => first(each) === first(tag));
    if (near) return { tag: near, text: texts[near] };
  }
  return tags.length ? { tag: tags[0], text: texts[tags[0]] } : null;
}

const first = (tag) => tag.toLowerCase().split("-")[0];

/** What the site calls a queue, channel or team, in the reader's language. */
export const titleOf = ({ titles }, kind, id) => label(titles?.[kind]?.[id]) || id;

/** The replies of a queue whose name or title has the word, those that begin with it first. */
export function repliesFor({ replies }, queue, word) {
  const wanted = word.toLowerCase();
  const rank = ({ name, titles }) => {
    if (name.startsWith(wanted)) return 0;
    return [name, ...Object.values(titles)].some((each) => each.toLowerCase().includes(wanted)) ? 1 : 2;
  };
  const here = replies.filter(({ queues }) => !queues.length || queues.includes(queue));
  return [0, 1].flatMap((wantedRank) => here.filter((each) => rank(each) === wantedRank));
}

/** The language that the customer of this card speaks, as far as it is known. */
export const customerLanguage = (card) => card?.chat?.locale || card?.data?.language || "";

/** The text with its variables. What is not known stays in brackets, for the agent to fill in. */
export function filled(text, { card, agent, site, tag }) {
  const known = {
    customer: card.caller.display,
    agent: agent?.name,
    queue: card.queue_title?.[tag] ?? card.queue_title?.[language()] ?? Object.values(card.queue_title ?? {})[0] ?? card.queue,
    site,
    number: card.caller.number,
    waited: duration(card.waited_ms),
    date: new Intl.DateTimeFormat(tag, { dateStyle: "long" }).format(Date.now()),
    time: new Intl.DateTimeFormat(tag, { timeStyle: "short" }).format(Date.now()),
  };
  return text.replace(/\{([^{}]*)\}/g, (whole, name) => {
    const value = name.startsWith("data.") ? card.data?.[name.slice(5)] : known[name];
    return value || `[${t("reply.missing", { name: name.replace("data.", "").replaceAll("_", " ") })}]`;
  });
}
