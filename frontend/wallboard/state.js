// What the screen shows, and the pages that this makes. Pure but for the store itself.

const ROWS = 6; // on one page, so large that they are read from afar

export const initial = {
  connection: "connecting", // connecting | online | waiting | ended | no_link
  heardAt: null, // when the server last said anything, by the screen's clock
  ready: false,
  name: "",
  zone: "UTC",
  teamTitles: {},
  queues: new Map(),
  teams: [],
  alerts: [],
};

export function createStore() {
  let state = initial;
  let listener = () => {};
  const set = (change) => {
    state = { ...state, ...change };
    listener(state);
  };
  return {
    get: () => state,
    listen: (to) => {
      listener = to;
      return () => (listener = () => {});
    },
    reset: () => set(initial),
    heard: (message) => set({ heardAt: Date.now(), ...read(state, message) }),
    // Who may no longer see it sees nothing of it.
    connected: (connection) => set(connection === "ended" || connection === "no_link" ? { ...initial, connection } : { connection }),
  };
}

function read(state, message) {
  if (message.type === "welcome") return { teamTitles: message.team_titles };
  if (message.type === "titles") return { teamTitles: message.team_titles };
  if (message.type !== "wall") return {};
  const queues = new Map(message.whole ? [] : state.queues);
  for (const one of message.queues) queues.set(one.queue, one);
  for (const gone of message.gone) queues.delete(gone);
  return { ready: true, name: message.name, zone: message.time_zone, queues, teams: message.teams, alerts: message.alerts };
}

/** The pages in their order: {key, kind, ...}; `titleOf` names a queue, `teamOf` a team. */
export function pages({ queues, teams, alerts }, titleOf, teamOf) {
  const sorted = [...queues.values()].sort((a, b) => titleOf(a).localeCompare(titleOf(b), undefined, { numeric: true }));
  const grouped = sorted.length <= ROWS ? [[null, sorted]] : groups(sorted, teamOf);
  return [
    ...grouped.flatMap(([group, members]) => cut("queues", members, { group })),
    ...(new Set(sorted.map(({ medium }) => medium)).size > 1 ? [{ key: "media", kind: "media", rows: media(sorted) }] : []),
    ...cut("agents", withTotal(teams), {}),
    ...(alerts.length ? cut("alerts", [...alerts].sort((a, b) => a.seen - b.seen || b.id - a.id), {}) : []),
  ].filter(({ rows }) => rows.length);
}

/** Queues that the same teams serve stand together. */
function groups(queues, teamOf) {
  const found = new Map();
  for (const queue of queues) {
    const group = (queue.teams ?? []).map(teamOf).sort().join(", ");
    found.set(group, [...(found.get(group) ?? []), queue]);
  }
  return [...found].sort(([a], [b]) => a.localeCompare(b));
}

function cut(kind, all, more) {
  const count = Math.ceil(all.length / ROWS);
  return Array.from({ length: count }, (_, number) => ({
    key: `${kind} ${more.group ?? ""} ${number}`,
    kind,
    ...more,
    part: count > 1 ? `${number + 1} / ${count}` : "",
    rows: all.slice(number * ROWS, (number + 1) * ROWS),
  }));
}

function media(queues) {
  const found = new Map();
  for (const { medium, waiting, oldest_queued_at: oldest, service_level: level, today } of queues) {
    const sum = found.get(medium) ?? { medium, waiting: 0, oldest: null, answered: 0, abandoned: 0, within: 0, settled: 0 };
    sum.waiting += waiting;
    sum.oldest = oldest && sum.oldest ? Math.min(oldest, sum.oldest) : (oldest ?? sum.oldest);
    sum.answered += today?.answered ?? 0;
    sum.abandoned += today?.abandoned ?? 0;
    sum.within += level?.within ?? 0;
    sum.settled += (today?.answered ?? 0) + (today?.abandoned ?? 0) + (today?.diverted ?? 0);
    found.set(medium, sum);
  }
  return [...found.values()];
}

const COUNTS = ["signed_in", "free", "busy", "wrap_up", "away"];

function withTotal(teams) {
  if (teams.length < 2) return teams;
  const total = Object.fromEntries(COUNTS.map((name) => [name, teams.reduce((sum, team) => sum + team[name], 0)]));
  return [{ team: null, ...total }, ...teams];
}
