import { forgetToken, storedToken } from "../lib/account.js";
import { chooseLanguage, preferredLanguage, t } from "../lib/i18n.js";
import { keepFollowUps } from "../lib/follow-up-list.js";
import { keepNames } from "../lib/names.js";
import { createStore } from "../lib/store.js";
import { setClock } from "../lib/time.js";
import { html, render } from "../lib/ui.js";
import { sayInOurWords } from "../lib/validity.js";
import { App } from "./app.js";
import { BoardClient } from "./board.js";
import { Office } from "./office.js";
import { gathered } from "./gather.js";
import { initial, reduce } from "./store.js";

const store = createStore(reduce, initial);
const board = new BoardClient({
  onMessage: gathered(store.dispatch),
  onClock: setClock,
  onState: (state, detail) => store.dispatch({ type: "local/connection", state, detail }),
});
const office = new Office({ store, board });

store.subscribe((state, before) => {
  if (state.connection === "ended" && before.connection !== "ended") forgetToken();
  if (state.notices !== before.notices) office.sweep(state, before);
});

keepFollowUps(store);
keepNames(store);

sayInOurWords();
await chooseLanguage(preferredLanguage());
document.title = t("supervisor.title");
render(html`<${App} office=${office} />`, document.getElementById("app"));
if (storedToken()) board.start(storedToken());
