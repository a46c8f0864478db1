// Chats of the teams: which are open, and one of them read live; whisper to its agent, write to all, take it over.
import { Chunks } from "../../lib/chunks.js";
import { Action, SureAction, useOnce } from "../../lib/controls.js";
import { language, t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { time } from "../../lib/time.js";
import { html, memo, useEffect, useLayoutEffect, useRef, useState } from "../../lib/ui.js";
import { problemText } from "../office.js";
import { Listener } from "./live-calls.js";
import { titleOf } from "./queues.js";

const PAUSE_MS = 2000;
const WAIT_S = 20;
const MODES = ["listen", "whisper", "barge"];

export function LiveChats({ office, state, chosen, choose }) {
  const chats = [...state.chats.values()];
  return html`
    <section class="card sheet live-chats" aria-labelledby="live-chats-heading">
      <h2 id="live-chats-heading">${t("live_chats.heading")} <span class="figures count">${chats.length}</span></h2>
      ${chats.length === 0 && html`<p class="quiet-text">${t("live_chats.none")}</p>`}
      <${Chunks} rows=${chats} rowHeight=${45} draw=${(rows) => html`
        <ul>${rows.map((chat) => html`<${LiveChat} key=${chat.interaction_id} chat=${chat} queue=${titleOf(state.queues.get(chat.queue) ?? chat)} choose=${choose} speech=${language()} />`)}</ul>`} />
      ${chosen && html`<${Pane} key=${chosen} id=${chosen} office=${office} close=${() => choose(null)} />`}
    </section>
  `;
}

const LiveChat = memo(({ chat: { interaction_id: id, customer, state, name, listeners }, queue, choose }) => {
  const who = customer || t("live_chats.visitor");
  return html`
    <li data-chat=${id}>
      <span><b><bdi>${who}</bdi></b> <span class="quiet-text">${queue} · ${t(`live_chats.${state}`)}${name && html` · <bdi>${name}</bdi>`}</span></span>
      ${listeners.map((one) => html`<${Listener} key=${one.agent} one=${one} />`)}
      <button type="button" class="button small" aria-label=${t("live_chats.read_of", { name: who })} onClick=${() => choose(id)}>${t("live_chats.read")}</button>
    </li>
  `;
});

function Pane({ id, office, close }) {
  const [mode, setMode] = useState("listen");
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const { view, lost, listen } = useReading(id, office, setProblem);
  const log = useRef(null);
  const count = (view?.lines.length ?? 0) + (view?.whispers.length ?? 0);
  useLayoutEffect(() => void (log.current && (log.current.scrollTop = log.current.scrollHeight)), [count]);
  useEffect(() => void (lost && close()), [lost]);
  const ask = async (doing) => {
    setProblem("");
    try {
      await doing;
      return true;
    } catch (error) {
      setProblem(problemText(error));
      return false;
    }
  };
  const change = async (wanted) => void ((await ask(listen(wanted))) && setMode(wanted));
  const say = useOnce(async () => void (text.trim() && (await ask(office.sayInChat(id, text.trim()))) && setText("")));
  const over = view?.chat.state === "ended";
  return html`
    <section class="live-chat" aria-label=${t("live_chats.pane", { name: view?.chat.customer || t("live_chats.visitor") })}>
      <header><h3><bdi>${view?.chat.customer || t("live_chats.visitor")}</bdi></h3>
        <span class="quiet-text" role="status">${view && t(`live_chats.${view.chat.state}`)} <bdi>${view?.chat.name}</bdi></span>
        <button type="button" class="button icon-only quiet" aria-label=${t("sheet.close")} onClick=${close}><${Icon} name="cross" /></button></header>
      <div class="live-log" ref=${log} role="log" tabindex="0" aria-label=${t("live_chats.log")}>${inOrder(view).map((one) => html`<${Line} key=${one.key} one=${one} />`)}</div>
      <p class="problem" role="alert">${problem}</p>
      <div class="live-modes" role="group" aria-label=${t("live_chats.modes")}>
        ${MODES.map((name) => html`<${Action} key=${name} class="button small" aria-pressed=${mode === name} disabled=${over} act=${() => change(name)}>${t(`live_chats.mode_${name}`)}</${Action}>`)}
        <${SureAction} class="button small danger" disabled=${over || !view?.chat.agent} sure=${t("live_chats.take_over_sure")} act=${async () => void ((await ask(office.takeOver("chats", id))) && close())}>${t("live_chats.take_over")}</${SureAction}>
      </div>
      ${mode !== "listen" && html`
        <form class="live-say" onSubmit=${(event) => (event.preventDefault(), say())}>
          <input type="text" maxlength="4000" aria-label=${t(`live_chats.say_${mode}`)} placeholder=${t(`live_chats.say_${mode}`)} value=${text} disabled=${over} onInput=${({ target }) => setText(target.value)} />
          <button class="button primary" disabled=${over || !text.trim()}>${t("chat.send")}</button>
        </form>`}
    </section>
  `;
}

function Line({ one: { author, name, text, at_us } }) {
  return html`<p class=${`live-line by-${author}`}><b><bdi>${author === "whisper" ? t("live_chats.whispered", { name }) : name || t("live_chats.visitor")}</bdi></b> <span class="quiet-text figures">${time(at_us)}</span><br /><bdi>${text}</bdi></p>`;
}

/** Messages, each followed by what was whispered behind it. */
function inOrder(view) {
  if (!view) return [];
  const whispers = view.whispers.map((one, index) => ({ ...one, author: "whisper", key: `w${index}`, at: one.after + 0.5 }));
  const lines = view.lines.map((one) => ({ ...one, key: one.number, at: one.number }));
  return [...lines, ...whispers].sort((a, b) => a.at - b.at);
}

/** Listens as long as the pane stands, and reads on as the server has news. */
function useReading(id, office, setProblem) {
  const [view, setView] = useState(null);
  const [lost, setLost] = useState(false);
  const asked = useRef(null);
  const listen = (mode) => (asked.current = office.listen("chats", id, mode));
  useEffect(() => {
    let open = true;
    let lines = [];
    const follow = async () => {
      try {
        await listen("listen");
      } catch (error) {
        setProblem(problemText(error));
        return;
      }
      let query = "after=0";
      while (open) {
        try {
          const found = await office.readChat(id, query);
          lines = [...lines, ...found.lines.filter(({ number }) => number > (lines.at(-1)?.number ?? 0))];
          if (open) setView({ ...found, lines });
          if (found.chat.state === "ended") return;
          query = `after=${lines.at(-1)?.number ?? 0}&version=${found.version}&wait=${WAIT_S}`;
        } catch (error) {
          if (error.status === 404 || error.status === 409) return void (open && setLost(true));
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        }
      }
    };
    follow();
    return () => {
      open = false;
      // After what was asked last: overtaken by it, one would listen on without a sign of it here.
      const stop = () => office.stopListening("chats", id);
      asked.current.then(stop, stop).catch(() => {});
    };
  }, [id]);
  return { view, lost, listen };
}
