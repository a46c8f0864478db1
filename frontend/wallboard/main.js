// A screen on a wall: nobody touches it. The token is behind the # of the address, the looks are in its query.
import { chooseLanguage, preferredLanguage, t } from "../lib/i18n.js";
import { setClock } from "../lib/time.js";
import { html, render } from "../lib/ui.js";
import { BoardClient } from "../supervisor/board.js";
import { createStore } from "./state.js";
import { Wallboard } from "./wallboard.js";

// A link that is not valid may be again: somebody restores a backup, or the server answered in haste.
const AGAIN_MS = 60000;
const asked = new URLSearchParams(location.search);
const token = () => location.hash.slice(1);

const store = createStore();
const board = new BoardClient({
  onMessage: store.heard,
  onClock: setClock,
  onState: (connection) => {
    store.connected(connection);
    if (connection === "ended") setTimeout(start, AGAIN_MS);
  },
});

function start() {
  if (token()) board.start(token());
  else store.connected("no_link");
}

document.documentElement.dataset.theme = asked.get("theme") === "light" ? "light" : "dark";
await chooseLanguage(asked.get("lang") ?? preferredLanguage());
document.title = t("wall.title");
render(html`<${Wallboard} store=${store} everyS=${Number(asked.get("every")) || undefined} />`, document.getElementById("app"));
addEventListener("hashchange", () => {
  store.reset();
  start();
});
start();
