import { storedToken } from "../lib/account.js";
import { Action, Banner, Notices } from "../lib/controls.js";
import { FollowUps } from "../lib/follow-ups.js";
import { chooseLanguage, language, t } from "../lib/i18n.js";
import { Icon, Mark } from "../lib/icons.js";
import { LanguageSwitch } from "../lib/language.js";
import { SignIn } from "../lib/sign-in.js";
import { html, memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib/ui.js";
import { Agents } from "./components/agents.js";
import { Alerts } from "./components/alerts.js";
import { AuditLog } from "./components/audit.js";
import { Dialogs } from "./components/dialogs.js";
import { DropBar } from "./components/drag.js";
import { Plans } from "./components/plans.js";
import { Help } from "./components/help.js";
import { LiveCalls } from "./components/live-calls.js";
import { LiveChats } from "./components/live-chats.js";
import { Queues, Summary, titleOf } from "./components/queues.js";
import { Interactions } from "./components/interactions.js";
import { Shards } from "./components/shards.js";
import { Waiting } from "./components/waiting.js";
import { Wallboards } from "./components/wallboards.js";
import { byName, nameOf } from "./store.js";

const VIEWS = ["board", "plans", "follow_ups", "interactions", "wallboards", "audit"];
const ROLES = new Set(["supervisor", "administrator"]);
const notForThem = ({ role }) => (ROLES.has(role) ? null : "sign_in.not_supervisor");

export function App({ office }) {
  const [state, setState] = useState(office.store.get());
  const [, setLanguage] = useState(language());
  useLayoutEffect(() => office.store.subscribe(setState), [office]);
  const onLanguage = async (wanted) => {
    await chooseLanguage(wanted);
    document.title = t("supervisor.title");
    setLanguage(wanted);
  };
  const signedOut = !storedToken() && (state.connection === "ended" || !state.account);
  return html`
    ${signedOut
      ? html`<${SignIn} heading="supervisor.sign_in" why=${state.ended && `sign_in.${state.ended}`} unfit=${notForThem} onLanguage=${onLanguage} onToken=${(token) => office.signedIn(token)} />`
      : html`<${Room} office=${office} state=${state} onLanguage=${onLanguage} />`}
    <${Notices} notices=${state.notices} gone=${(id) => office.store.dispatch({ type: "local/notice_gone", id })} />
  `;
}

function Room({ office, state, onLanguage }) {
  const [view, setView] = useState("board");
  const [queue, setQueue] = useState(null); // the waiting list shows only this one
  const [reading, setReading] = useState(null); // the chat that is read along
  const [asked, setAsked] = useState(null); // the dialog that is open: {kind, ...}
  const [chosen, choose] = useState(new Set()); // agents
  const [dragged, setDragged] = useState(null); // what is dragged now: {agents} or {work}
  const drag = useDrag(setDragged, chosen);
  const say = useMemo(() => onLanguage, []); // as good as the first one, whichever is handed down
  const titles = useTitles(state.queues);
  useEffect(() => void (queue && !state.queues.has(queue) && setQueue(null)), [queue, state.queues]);
  if (!state.ready)
    return html`<main class="waiting"><span class="pulse" aria-hidden="true"></span><h1 role="status">${t(`connection.${state.connection}`)}</h1>
      <button type="button" class="button quiet" onClick=${() => office.signOut()}>${t("account.sign_out")}</button></main>`;
  return html`
    <${Bar} office=${office} view=${view} show=${setView} connection=${state.connection} account=${state.account} name=${state.agents.get(state.agentId)?.display_name || state.account} role=${state.role} onLanguage=${say} speech=${language()} />
    ${state.connection !== "online" && html`<div role="status"><${Banner} text=${t("supervisor.stale")} /></div>`}
    <main id="board" class=${`room ${view}`} tabindex="-1">
      ${view === "audit"
        ? html`<${AuditLog} office=${office} />`
        : view === "wallboards"
        ? html`<${Wallboards} office=${office} state=${state} />`
        : view === "interactions"
        ? html`<${Interactions} office=${office} state=${state} />`
        : view === "follow_ups"
          ? html`<${FollowUps} open=${state.followUps} me=${state.agentId} agents=${byName(state.agents).map((one) => [one.agent_id, nameOf(one)])} tell=${(text, kind) => office.tell(text, kind)} />`
          : view === "plans"
          ? html`<${Plans} office=${office} state=${state} />`
          : html`
          <${Summary} state=${state} />
          <${Help} office=${office} requests=${state.help} read=${setReading} />
          <${Alerts} office=${office} state=${state} />
          <${Queues} state=${state} chosen=${queue} choose=${setQueue} ask=${setAsked} drag=${drag} />
          <${Shards} office=${office} online=${state.connection === "online"} />
          <div class="column">
            <${Waiting} office=${office} state=${state} titles=${titles} queue=${queue} clear=${() => setQueue(null)} ask=${setAsked} drag=${drag} />
            <${LiveCalls} office=${office} state=${state} />
            <${LiveChats} office=${office} state=${state} chosen=${reading} choose=${setReading} />
          </div>
          <div class="column"><${Agents} office=${office} state=${state} titles=${titles} ask=${setAsked} chosen=${chosen} choose=${choose} drag=${drag} /></div>`}
    </main>
    ${dragged && html`<${DropBar} what=${dragged} state=${state} ask=${setAsked} drag=${drag} />`}
    ${asked && html`<${Dialogs} asked=${asked} office=${office} state=${state} close=${() => setAsked(null)} />`}
  `;
}

/** The top of the page: where one is, whether it is live, and who is signed in. */
const Bar = memo(
  ({ office, view, show, connection, account, name, role, onLanguage }) => html`
    <a class="skip" href="#board">${t("supervisor.skip")}</a>
    <header class="bar">
      <p class="brand"><${Mark} /><span>Jackfield</span></p>
      <nav class="views" aria-label=${t("supervisor.views")}>
        ${VIEWS.map((each) => html`<button type="button" key=${each} aria-current=${view === each ? "page" : undefined} onClick=${() => show(each)}>${t(`supervisor.${each}`)}</button>`)}
      </nav>
      <div class="bar-end">
        <span class="lamps" role="status"><span class=${`lamp ${connection === "online" ? "good" : "bad"}`}><i aria-hidden="true"></i><span>${t(`connection.${connection}`)}</span></span></span>
        <${LanguageSwitch} onLanguage=${onLanguage} />
        <span class="account"><span class="account-name"><bdi title=${account}>${name}</bdi><small>${t(`role.${role}`)}</small></span>
          <${Action} class="button icon-only quiet" aria-label=${t("account.sign_out")} title=${t("account.sign_out")} act=${() => office.signOut()}><${Icon} name="leave" /></${Action}></span>
      </div>
    </header>`,
);

/** What is dragged, known at once to what it is dragged over, and shown a moment later: a browser that sees the page
 * change in the event itself ends the drag. */
function useDrag(show, chosen) {
  const now = useRef(null);
  const marked = useRef(chosen);
  marked.current = chosen;
  return useMemo(
    () => ({
      current: () => now.current,
      begin(what) {
        now.current = what;
        setTimeout(() => show(now.current));
      },
      end() {
        now.current = null;
        setTimeout(() => show(null));
      },
      agentsWith: (id) => (marked.current.has(id) ? [...marked.current] : [id]),
      workWith: (item) => [item],
    }),
    [],
  );
}

/** The queues' titles in the reader's language, the same object as long as they are the same. */
function useTitles(queues) {
  const titles = [...queues.values()].map((queue) => [queue.queue, titleOf(queue)]);
  return useMemo(() => Object.fromEntries(titles), [JSON.stringify(titles)]);
}
