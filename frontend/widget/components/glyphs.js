// The widget's few icons, 24 by 24, drawn for it.
import { html } from "../../lib/ui.js";

const PATHS = {
  chat: "M5 5h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2ZM8 9.5h8M8 13h5",
  clip: "M8 12.5l6.2-6.2a3 3 0 0 1 4.3 4.3l-8 8a4.6 4.6 0 0 1-6.6-6.5l7.6-7.6",
  down: "M6 9.5l6 6 6-6",
  phone: "M6.5 3.5 9 4l1.2 4-2 1.6a12 12 0 0 0 6.2 6.2l1.6-2 4 1.2.5 2.5c0 1.7-1.3 3-3 3A14.5 14.5 0 0 1 3.5 6.5c0-1.7 1.3-3 3-3Z",
  send: "M4 12 20 4l-4.5 16-4-7ZM11.5 13 20 4",
  star: "M12 3.5l2.6 5.3 5.9.8-4.3 4.1 1.1 5.8L12 16.7l-5.3 2.8 1.1-5.8L3.5 9.6l5.9-.8Z",
  mic: "M12 3.5a2.8 2.8 0 0 1 2.8 2.8v5a2.8 2.8 0 0 1-5.6 0v-5A2.8 2.8 0 0 1 12 3.5ZM6 11a6 6 0 0 0 12 0M12 17v3.5",
  micOff: "M9.2 9v2.3a2.8 2.8 0 0 0 4.5 2.2M14.8 10V6.3a2.8 2.8 0 0 0-5.3-1.3M6 11a6 6 0 0 0 9.7 4.7M18 11a6 6 0 0 1-.4 2M12 17v3.5M4 4l16 16",
  keys: "M6 6h.01M12 6h.01M18 6h.01M6 12h.01M12 12h.01M18 12h.01M6 18h.01M12 18h.01M18 18h.01",
};

export function Glyph({ name }) {
  return html`<svg class=${`glyph ${name}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
}
