// What the site calls things that records know by an id: agents, queues, channels, teams, skills, and flows' own words.
import { api } from "./api.js";
import { label } from "./i18n.js";

const NONE = { agents: {}, queues: {}, channels: {}, teams: {}, skills: {}, words: {} };
let titles = NONE;

/** From GET /api/v1/guidance. */
export function keepTitles(found) {
  titles = { ...NONE, ...found };
}

/** Asked for with each snapshot: the server sends one when the site has other names. */
export function keepNames(store) {
  store.subscribe(async (state, before) => {
    if (!state.ready || state.snapshots === before.snapshots) return;
    try {
      keepTitles((await api("guidance")).titles);
      store.dispatch({ type: "local/named" });
    } catch (error) {
      console.info("no names", error);
    }
  });
}

/** What people call it, whatever it is; else the id. */
export const named = (id) => titles.agents[id] ?? (label(titles.queues[id] ?? titles.teams[id] ?? titles.skills[id] ?? titles.channels[id]) || id);

/** What a flow put into the path or the data, as the pages call it. */
export const word = (text) => label(titles.words[text]) || text;

/** The choices of a menu as records keep them, one behind the other. */
export const steps = (path) => path.split(" > ").map(word).join(" > ");

/** A queue by its id, in the reader's language; `otherwise` where it is not known. */
export const queueName = (id, otherwise = id) => label(titles.queues[id]) || otherwise;
