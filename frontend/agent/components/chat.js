// Chats beside each other: a strip of tabs, and of the one in front what was said and the line to write on.
import { Action, SureAction, Ticking } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { duration, useNow } from "../../lib/time.js";
import { html, useEffect, useState } from "../../lib/ui.js";
import { useVisible } from "../../lib/visible.js";
import { who } from "../attention.js";
import { unansweredSince, unread } from "../chat-state.js";
import { Composer } from "./composer.js";
import { AskSupervisor, HelpState } from "./ask-supervisor.js";
import { Watched } from "./chat-watch.js";
import { ChatTransfer, HandedOn } from "./chat-transfer.js";
import { ParkButton } from "./park.js";
import { Facts, Why } from "./parts.js";
import { Transcript } from "./transcript.js";
import { WrapUp } from "./wrap-up.js";

// From when on a customer who waits for an answer is shown as late, and as very late, in milliseconds.
const LATE_MS = 60_000;
const VERY_LATE_MS = 180_000;

export function Chats({ chats, shown, desk, state }) {
  const front = chats.find(({ reservation_id }) => reservation_id === shown) ?? chats[0];
  const show = (id) => desk.show(id);
  return html`
    <section class="chats card" aria-label=${t("chat.all")}>
      <div class="tabs" role="tablist" aria-label=${t("chat.all")} onKeyDown=${walk}>
        ${chats.map((work, index) => html`<${Tab} key=${work.reservation_id} work=${work} number=${index + 1} front=${work === front} show=${show} />`)}
      </div>
      ${chats.map((work) => html`<${Chat} key=${work.reservation_id} work=${work} front=${work === front} desk=${desk} state=${state} />`)}
    </section>
  `;
}

function Tab({ work, number, front, show }) {
  const { reservation_id: id, assignment, wrapUp } = work;
  const news = front ? 0 : unread(work);
  const since = wrapUp || assignment.state === "ended" ? null : unansweredSince(work);
  return html`
    <button type="button" role="tab" id=${`tab-${id}`} class=${`tab ${news ? "news" : ""}`} aria-selected=${front} aria-controls=${`chat-${id}`}
      tabindex=${front ? 0 : -1} data-key=${`Digit${number}`} aria-keyshortcuts=${`Alt+${number}`} onClick=${() => show(id)}>
      <${Icon} name=${wrapUp ? "note" : "chat"} />
      <bdi class="tab-name">${who(assignment)}</bdi>
      ${assignment.chat?.typing && html`<span class="dots" title=${t("chat.types")}><i></i><i></i><i></i></span>`}
      ${news > 0 && html`<b class="badge figures" aria-label=${t("chat.unread", { count: news })}>${news}</b>`}
      ${since !== null && html`<${Unanswered} since=${since / 1000} />`}
    </button>
  `;
}

/** How long the customer has waited for an answer; how late that is, is told by colour and in words. */
function Unanswered({ since }) {
  const waited = useNow(1000) - since;
  const late = waited >= VERY_LATE_MS ? "very_late" : waited >= LATE_MS ? "late" : "fresh";
  return html`<small class=${`tab-since ${late}`} title=${t("chat.unanswered")}><span class="unseen">${t(`chat.wait_${late}`)} </span><span class="figures">${duration(waited)}</span></small>`;
}

function Chat({ work, front, desk, state }) {
  const { reservation_id: id, assignment, wrapUp } = work;
  const { chat } = assignment;
  const open = assignment.state === "connected" && !wrapUp;
  const [details, setDetails] = useState(false);
  useReading(id, chat, front, desk);
  return html`
    <article class="chat" id=${`chat-${id}`} role="tabpanel" aria-labelledby=${`tab-${id}`} data-state=${assignment.state} hidden=${!front}>
      <header class="card-head chat-head">
        <div>
          <h2 class="chat-name"><bdi>${who(assignment)}</bdi></h2>
          <p class="eyebrow" role="status"><span class="beacon" aria-hidden="true"></span>${t(`chat.${assignment.state}`)}
            ${open && html`<span>· <${Ticking} since=${assignment.connected_at_us / 1000} /></span>`}</p>
        </div>
        <div class="chat-actions">
          <button type="button" class="button quiet icon-only" aria-expanded=${details} aria-label=${t("chat.details")} title=${t("chat.details")} onClick=${() => setDetails(!details)}><${Icon} name="info" /></button>
          ${!wrapUp && html`<${AskSupervisor} id=${id} asked=${state.asked[id]} open=${open} desk=${desk} looks="button quiet" />`}
          ${!wrapUp && html`<${ParkButton} id=${id} chat=${chat} open=${open} desk=${desk} />`}
          ${!wrapUp && html`<${ChatTransfer} id=${id} open=${open} desk=${desk} />`}
          ${!wrapUp && html`<${SureAction} class="button danger" shortcut="KeyX" disabled=${!open} sure=${t("chat.end_sure")} act=${() => desk.hangUp(id)}>${t("chat.end")}</${SureAction}>`}
        </div>
      </header>
      ${details && html`<div class="chat-details"><${Facts} card=${assignment} /><${Why} why=${assignment.why} /></div>`}
      <${HandedOn} chat=${chat} />
      <${HelpState} asked=${state.asked[id]} />
      <${Watched} chat=${chat} />
      <${Transcript} chat=${chat} outbox=${work.outbox ?? []} front=${front} desk=${desk} id=${id} interaction=${assignment.interaction_id} notes=${state.notes[assignment.interaction_id]} />
      ${wrapUp
        ? html`<${WrapUp} work=${work} desk=${desk} state=${state} within=${true} />`
        : html`<${Composer} work=${work} open=${open} front=${front} desk=${desk} state=${state} />`}
    </article>
  `;
}

/** The chat in front counts as read while somebody can see the page. */
function useReading(id, chat, front, desk) {
  const last = chat.lines.at(-1)?.number ?? 0;
  const visible = useVisible();
  useEffect(() => void (front && visible && last > chat.own_read && desk.chats.read(id, last)), [front, visible, last]);
}

function walk(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const tabs = [...event.currentTarget.querySelectorAll("[role=tab]")];
  const next = tabs[(tabs.findIndex((tab) => tab.ariaSelected === "true") + step + tabs.length) % tabs.length];
  next.focus();
  next.click();
}
