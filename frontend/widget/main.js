// Puts the widget on the page: one element with a shadow tree, so that neither side's styles touch the other.
import { html, render } from "../lib/ui.js";
import { Widget } from "./components/widget.js";
import { Memory } from "./memory.js";
import { ChatSession } from "./session.js";
import { locale, speak } from "./texts.js";

const THEMES = new Set(["light", "dark"]);

export async function mount(script) {
  const server = new URL("/", script.src).href;
  const host = document.createElement("jackfield-widget");
  const root = host.attachShadow({ mode: "open" });
  const settings = () => settingsOf(script.dataset, server);
  const memory = new Memory(`${new URL(server).host}.${settings().entry}`);
  const [sheet] = await Promise.all([styles(), speak(...tongues(script))]);
  let draw = () => {};
  const session = new ChatSession({ settings, memory, onState: () => draw() });
  root.adoptedStyleSheets = [sheet];
  document.body.append(host);
  draw = () => render(html`<${Widget} session=${session} state=${session.state} settings=${settings()} memory=${memory} theme=${themeOf(script)} />`, root);
  draw();
  new MutationObserver(async () => {
    await speak(...tongues(script));
    draw();
  }).observe(script, { attributes: true });
}

function settingsOf({ entry = "web", callEntry, title, name, user, proof, userAttributes, prechat }, server) {
  return { server, entry, callEntry, title, name, user, proof, attributes: pairs(userAttributes), data: pairs(prechat), locale: locale() };
}

const pairs = (query = "") => Object.fromEntries(new URLSearchParams(query));

function tongues(script) {
  return [script.dataset.locale, document.documentElement.lang, ...navigator.languages];
}

const themeOf = ({ dataset }) => (THEMES.has(dataset.theme) ? dataset.theme : "auto");

/** A sheet that is made here needs no permission for inline styles of the page that embeds us. */
async function styles() {
  const response = await fetch(new URL("widget.css", import.meta.url));
  if (!response.ok) throw new Error(`the widget's style sheet: ${response.status}`);
  return new CSSStyleSheet().replace(await response.text());
}
