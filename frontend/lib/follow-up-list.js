// Which callbacks and messages there are: asked for once, and then told of each that comes, is taken or is done.
import { api, ApiError } from "./api.js";
import { t, tCode } from "./i18n.js";
import { useEffect, useState } from "./ui.js";

const AGAIN_MS = 5000;
const MOST = 500;

/** `fresh`: what was told since the list was asked for, while its answer is awaited; `done`: the last that was done. */
export const NO_LIST = { items: [], ready: false, problem: null, fresh: null, done: null };

const listed = (state) => api(`follow-ups?limit=${MOST}&state=${state}`);

/**
 * Keeps the open ones in a store: asked for with each snapshot. What the server tells of meanwhile counts more than
 * the answer, which may be older.
 */
export function keepFollowUps(store) {
  let turn = 0;
  const put = (change) => store.dispatch({ type: "local/follow_ups", followUps: { ...store.get().followUps, ...change } });
  store.subscribe(async (state, before) => {
    if (!state.ready || state.snapshots === before.snapshots) return;
    const mine = ++turn;
    put({ fresh: [] });
    while (mine === turn && store.get().ready) {
      try {
        const { items } = await listed("open");
        if (mine !== turn) return;
        const { fresh } = store.get().followUps;
        return void put({ ...(fresh ?? []).reduce(changedItem, { ...NO_LIST, items }), ready: true });
      } catch (error) {
        if (mine === turn) put({ problem: problemText(error), ready: true });
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  });
}

/** The list after one came or changed. */
export function changedItem(list, one) {
  const others = list.items.filter(({ id }) => id !== one.id);
  const items = one.done_at ? others : [...others, one].sort((a, b) => a.id - b.id);
  return { ...list, items, fresh: list.fresh && [...list.fresh, one], done: one.done_at ? one.id : list.done };
}

/** Those that are done, the last one first: asked for when they are looked at, and again when one more is done. */
export function useDone(on, last) {
  const [found, setFound] = useState(NO_LIST);
  const [asked, ask] = useState(0);
  useEffect(() => {
    if (!on) return undefined;
    let here = true;
    listed("done").then(
      ({ items }) => here && setFound({ items, ready: true, problem: null }),
      (error) => here && setFound((before) => ({ ...before, ready: true, problem: problemText(error) })),
    );
    return () => void (here = false);
  }, [on, last, asked]);
  return [found, () => ask(asked + 1)];
}

export function problemText(error) {
  if (!(error instanceof ApiError)) return t("sign_in.unreachable");
  return tCode("follow_ups_problem", error.code, error.message);
}
