// The one place that knows which library draws the pages.
import { h, render, Fragment } from "../vendor/preact/preact.mjs";
import htm from "../vendor/htm/htm.mjs";

export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact/hooks.mjs";
export { Fragment, render };
export const html = htm.bind(h);
