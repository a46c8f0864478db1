// Line icons, 24 by 24, drawn for these pages.
import { html } from "./ui.js";

const PATHS = {
  phone: "M6.5 3.5 9 4l1.2 4-2 1.6a12 12 0 0 0 6.2 6.2l1.6-2 4 1.2.5 2.5c0 1.7-1.3 3-3 3A14.5 14.5 0 0 1 3.5 6.5c0-1.7 1.3-3 3-3Z",
  hangUp: "M3 15.2c4.7-5.6 13.3-5.6 18 0 .5.6.4 1.3-.2 1.8l-1.7 1.3c-.5.4-1.2.3-1.6-.2l-1.8-2.3c-.2-.3-.3-.6-.3-1v-1.2a11 11 0 0 0-6.8 0v1.2c0 .4-.1.7-.3 1l-1.8 2.3c-.4.5-1.1.6-1.6.2L3.2 17c-.6-.5-.7-1.2-.2-1.8ZM12 4.5v4M10 6.8l2 2 2-2",
  mic: "M12 3.5a2.8 2.8 0 0 1 2.8 2.8v5a2.8 2.8 0 0 1-5.6 0v-5A2.8 2.8 0 0 1 12 3.5ZM6 11a6 6 0 0 0 12 0M12 17v3.5",
  micOff: "M9.2 9v2.3a2.8 2.8 0 0 0 4.5 2.2M14.8 10V6.3a2.8 2.8 0 0 0-5.3-1.3M6 11a6 6 0 0 0 9.7 4.7M18 11a6 6 0 0 1-.4 2M12 17v3.5M4 4l16 16",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  play: "M8 5.5v13l10.5-6.5Z",
  keypad: "M6 6h.01M12 6h.01M18 6h.01M6 12h.01M12 12h.01M18 12h.01M6 18h.01M12 18h.01M18 18h.01",
  bell: "M6.5 16.5V11a5.5 5.5 0 0 1 11 0v5.5l1.5 1.5H5ZM10.3 20.5h3.4",
  bellOff: "M6.5 16.5V11c0-.7.1-1.3.3-1.9M9 6.4A5.5 5.5 0 0 1 17.5 11v3M5 18h11M10.3 20.5h3.4M4 4l16 16",
  check: "M5 12.5 10 17.5 19.5 7",
  cross: "M6 6l12 12M18 6 6 18",
  clock: "M12 4a8 8 0 1 0 .001 0ZM12 8v4.2l2.8 1.8",
  route: "M5 6h7a3.5 3.5 0 0 1 0 7h-1a3.5 3.5 0 0 0 0 7h8M16.5 17.5 19 20l-2.5 2.5",
  headset: "M4.5 14v-2a7.5 7.5 0 0 1 15 0v2M4.5 13.5h2a1 1 0 0 1 1 1v3.5a1 1 0 0 1-1 1h-1a1 1 0 0 1-1-1ZM16.5 14.5a1 1 0 0 1 1-1h2V18a1 1 0 0 1-1 1h-1a1 1 0 0 1-1-1ZM19.5 18.5c0 1.7-2 2.5-5 2.5",
  shield: "M12 3.5 18.5 6v5.5c0 4-2.6 7.2-6.5 9-3.9-1.8-6.5-5-6.5-9V6ZM9 12l2.2 2.2L15.2 10",
  leave: "M10 4.5H6a1.5 1.5 0 0 0-1.5 1.5v12A1.5 1.5 0 0 0 6 19.5h4M15 8l4 4-4 4M19 12H9.5",
  down: "M7 10l5 5 5-5",
  chat: "M5 5.5h14a1.5 1.5 0 0 1 1.5 1.5v8.5a1.5 1.5 0 0 1-1.5 1.5h-7L7.5 20.5V17H5a1.5 1.5 0 0 1-1.5-1.5V7A1.5 1.5 0 0 1 5 5.5ZM8 9.5h8M8 13h5",
  send: "M4.5 12 19.5 4.5 15.5 19.5 11.5 13.5ZM11.5 13.5l4-4.5",
  info: "M12 4a8 8 0 1 0 .001 0ZM12 11.2v5M12 8h.01",
  mail: "M4 6.5h16v11H4ZM4.5 7l7.5 6 7.5-6",
  voicemail: "M6.5 8.5a3.5 3.5 0 1 0 .001 0ZM17.5 8.5a3.5 3.5 0 1 0 .001 0ZM6.5 15.5h11",
  star: "M12 4l2.4 5 5.6.7-4.1 3.8 1.1 5.5-5-2.8-5 2.8 1.1-5.5L4 9.7 9.6 9Z",
  person: "M12 4.5a3.7 3.7 0 1 0 .001 0ZM5 19.5c.5-3.8 3.2-5.7 7-5.7s6.5 1.9 7 5.7",
  board: "M4 5.5h16v13H4ZM4 10h16M9.5 10v8.5",
  network: "M5 19v-3M10 19v-6M15 19v-9M20 19V5M4 4l16 16",
  alert: "M12 4.5 21 19.5H3ZM12 10v4.5M12 17.2h.01",
  save: "M12 4v10.5M7.5 10.5 12 15l4.5-4.5M5 19.5h14",
  sliders: "M5 8h6M15 8h4M5 16h3M12 16h7M13 6v4M10 14v4",
  note: "M6 4.5h12v15H6ZM9 9h6M9 12.5h6M9 16h3.5",
};

export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
}

/** The mark: a jackfield with one line plugged through. */
export function Mark() {
  const holes = [4, 12, 20].flatMap((y) => [4, 12, 20].map((x) => [x, y]));
  return html`
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path class="cord" d="M4 4c0 9 16 7 16 16" />
      ${holes.map(([x, y]) => html`<circle class=${x === y && x !== 12 ? "plugged" : "hole"} cx=${x} cy=${y} r="2.1" />`)}
    </svg>
  `;
}
