import { chooseLanguage, language, preferredLanguage, t } from "../lib/i18n.js";
import { html, render } from "../lib/ui.js";
import { forgetToken, signOut, storedToken } from "./account.js";
import { App } from "./app.js";
import { Attention } from "./attention.js";
import { AgentClient } from "./client.js";
import { Desk } from "./desk.js";
import { Phone } from "./phone.js";
import { createStore } from "./store.js";
import { setClock } from "./time.js";

const address = new URL("/api/v1/agents/ws", location.href);
address.protocol = location.protocol === "https:" ? "wss:" : "ws:";

const store = createStore();
const client = new AgentClient({
  url: address.href,
  language,
  onMessage: store.dispatch,
  onClock: setClock,
  onState: (state, detail) => store.dispatch({ type: "local/connection", state, detail }),
});
const phone = new Phone({ client, store });
const attention = new Attention();
const desk = new Desk({ client, store, phone, attention });

store.subscribe((state, before) => {
  if (state.offers !== before.offers) attention.follow(state.offers);
  if (state.notices !== before.notices) desk.sweep(state, before);
  if (state.connection === "ended" && before.connection !== "ended") ended(state.ended);
});

function ended(code) {
  phone.close();
  if (code === "replaced") return;
  if (code === "signed_out" && storedToken()) signOut(storedToken());
  forgetToken();
}

document.addEventListener("pointerdown", () => attention.unlock(), { once: true });
document.addEventListener("keydown", () => attention.unlock(), { once: true });

await chooseLanguage(preferredLanguage());
document.title = t("page.title");
render(html`<${App} desk=${desk} />`, document.getElementById("app"));
if (storedToken()) client.start(storedToken());
