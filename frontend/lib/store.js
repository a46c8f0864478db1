// What a page knows, changed by messages alone; whoever shows it is told of each change.

/** `reduce(state, message)` gives the state that follows, the same one where nothing changes. */
export function createStore(reduce, initial) {
  let state = initial;
  const listeners = new Set();
  return {
    get: () => state,
    dispatch(message) {
      const before = state;
      state = reduce(state, message);
      if (state !== before) for (const listener of [...listeners]) listener(state, before);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
