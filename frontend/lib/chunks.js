// A long list in pieces: what nobody sees is drawn when it comes near, and costs nothing before.
import { html, useEffect, useRef, useState } from "./ui.js";

const WHOLE = 40; // a list of so many rows is drawn as it is
const EACH = 10;
const NEAR = "500px";

/** `draw(rows)` draws one list of rows; `keyOf(row)` tells them apart. `rowHeight` is a guess, in pixels. */
export function Chunks({ rows, draw, rowHeight }) {
  if (rows.length <= WHOLE) return draw(rows);
  const count = Math.ceil(rows.length / EACH);
  return Array.from({ length: count }, (_, at) => html`<${Chunk} key=${at} first=${at === 0} rows=${rows.slice(at * EACH, (at + 1) * EACH)} draw=${draw} rowHeight=${rowHeight} />`);
}

function Chunk({ first, rows, draw, rowHeight }) {
  // Out of sight it is an empty box, whatever changes in its rows. Before the hooks, as in `memo`.
  this.shouldComponentUpdate ??= (next) => this.near || next.rows.length !== this.props.rows.length;
  const place = useRef(null);
  const height = useRef(0);
  const [near, setNear] = useState(first);
  this.near = near;
  useEffect(() => {
    const look = new IntersectionObserver(
      ([{ isIntersecting, boundingClientRect }]) => {
        if (!isIntersecting) height.current = boundingClientRect.height;
        setNear(isIntersecting);
      },
      { rootMargin: NEAR },
    );
    look.observe(place.current);
    return () => look.disconnect();
  }, []);
  // A fixed height cannot be given in an attribute: the pages allow no styles from anywhere else.
  useEffect(() => {
    place.current.style.height = near ? "" : `${height.current || rows.length * rowHeight}px`;
  }, [near, rows.length]);
  return html`<div class="chunk" ref=${place}>${near && draw(rows)}</div>`;
}
