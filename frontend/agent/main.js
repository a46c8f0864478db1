import { forgetToken, signOut, storedToken } from "../lib/account.js";
import { chooseLanguage, language, preferredLanguage } from "../lib/i18n.js";
import { nodes } from "../lib/nodes.js";
import { createStore } from "../lib/store.js";
import { setClock } from "../lib/time.js";
import { html, render } from "../lib/ui.js";
import { sayInOurWords } from "../lib/validity.js";
import { App } from "./app.js";
import { Attention } from "./attention.js";
import { isChat, unread } from "./chat-state.js";
import { Chats } from "./chats.js";
import { AgentClient } from "./client.js";
import { Desk } from "./desk.js";
import { keepFollowUps } from "../lib/follow-up-list.js";
import { Devices } from "./devices.js";
import { keepGuidance } from "./guidance.js";
import { keepNotes } from "./notes.js";
import { keepOwnReplies } from "./own-replies.js";
import { Phone } from "./phone.js";
import { initial, reduce } from "./store.js";

const store = createStore(reduce, initial);
const client = new AgentClient({
  nodes,
  language,
  onMessage: store.dispatch,
  onClock: setClock,
  onState: (state, detail) => store.dispatch({ type: "local/connection", state, detail }),
});
const devices = new Devices();
const phone = new Phone({ client, store, devices });
const attention = new Attention(devices);
const desk = new Desk({ client, store, phone, attention, devices, chats: new Chats({ client, store }) });

store.subscribe((state, before) => {
  if (state.offers !== before.offers) attention.follow(state.offers);
  if (state.works !== before.works) attention.count(state.works.filter(isChat).reduce((sum, work) => sum + unread(work), 0));
  if (state.notices !== before.notices) desk.sweep(state, before);
  if (before.next === "offline" && state.presence === "offline") desk.signOut();
  if (state.connection === "ended" && before.connection !== "ended") ended(state.ended);
});

keepGuidance(store);
keepNotes(store);
keepFollowUps(store);
keepOwnReplies(store);

function ended(code) {
  phone.close();
  if (code === "replaced" || code === "elsewhere") return;
  if (code === "signed_out" && storedToken()) signOut(storedToken());
  forgetToken();
}

document.addEventListener("pointerdown", () => attention.unlock(), { once: true });
document.addEventListener("keydown", () => attention.unlock(), { once: true });

sayInOurWords();
await chooseLanguage(preferredLanguage());
attention.entitle();
render(html`<${App} desk=${desk} />`, document.getElementById("app"));
if (storedToken()) await desk.enter();
