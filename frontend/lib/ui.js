// The one place that knows which library draws the pages.
import { h, render, Fragment } from "../vendor/preact/preact.mjs";
import htm from "../vendor/htm/htm.mjs";

export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact/hooks.mjs";
export { Fragment, render };
export const html = htm.bind(h);

/** The component, drawn again only when one of its properties is another one. */
export function memo(draw) {
  return function Memo(properties) {
    // Once: the hooks put their own about it, or what a component keeps by itself would change nothing.
    this.shouldComponentUpdate ??= (next) => differ(this.props, next);
    return draw(properties);
  };
}

function differ(before, next) {
  const names = Object.keys(next);
  return names.length !== Object.keys(before).length || names.some((name) => before[name] !== next[name]);
}
