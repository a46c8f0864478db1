import { storedToken } from "../lib/account.js";
import { Notices } from "../lib/controls.js";
import { chooseLanguage, language, t } from "../lib/i18n.js";
import { FollowUps, forMe } from "../lib/follow-ups.js";
import { SignIn } from "../lib/sign-in.js";
import { html, useEffect, useLayoutEffect, useState } from "../lib/ui.js";
import { who } from "./attention.js";
import { isChat } from "./chat-state.js";
import { Banners } from "./components/banners.js";
import { CallCard } from "./components/call.js";
import { Chats } from "./components/chat.js";
import { Customer } from "./components/customer.js";
import { Header } from "./components/header.js";
import { Idle } from "./components/idle.js";
import { KeysSheet, useKeysSheet } from "./components/keys.js";
import { Mentions } from "./components/note.js";
import { OfferCard } from "./components/offer.js";
import { Today } from "./components/today.js";
import { Parked } from "./components/park.js";
import { WrapUp } from "./components/wrap-up.js";

export function App({ desk }) {
  const [state, setState] = useState(desk.store.get());
  const [, setLanguage] = useState(language());
  useLayoutEffect(() => desk.store.subscribe(setState), [desk]);
  useEffect(shortcuts, []);
  const [keys, closeKeys] = useKeysSheet();
  const onLanguage = async (wanted) => {
    await chooseLanguage(wanted);
    desk.attention.entitle();
    setLanguage(wanted);
  };
  const signedOut = !storedToken() && (state.connection === "ended" || !state.agent);
  return html`
    ${signedOut
      ? html`<${SignIn} heading="sign_in.heading" why=${state.ended && `sign_in.${state.ended}`} unfit=${takesNoWork} onLanguage=${onLanguage}
          onSubmit=${() => desk.attention.unlock()} onToken=${(token) => desk.signedIn(token)} />`
      : html`<${Workplace} desk=${desk} state=${state} onLanguage=${onLanguage} />`}
    ${keys && html`<${KeysSheet} close=${closeKeys} />`}
    <${Notices} notices=${state.notices} gone=${(id) => desk.store.dispatch({ type: "local/notice_gone", id })} />
  `;
}

const takesNoWork = ({ agent_id }) => (agent_id === null ? "sign_in.no_agent" : null);

function Workplace({ desk, state, onLanguage }) {
  const { offers, works } = state;
  const [view, show] = useState("work");
  // Somebody waits: whatever else was being looked at.
  useEffect(() => void (offers.length && show("work")), [offers.length]);
  const cards = [...offers, ...works].map((each) => `${each.reservation_id}${Boolean(each.wrapUp)}`).join();
  useEffect(keepFocus, [cards]);
  if (!state.ready) return html`<${Waiting} desk=${desk} state=${state} />`;
  const chats = works.filter(isChat);
  const calls = works.filter((work) => !isChat(work));
  const front = calls[0] ?? chats.find(({ reservation_id }) => reservation_id === state.shown) ?? chats[0];
  return html`
    <a class="skip" href="#work">${t("page.skip")}</a>
    <${Header} desk=${desk} state=${state} onLanguage=${onLanguage} view=${view} show=${show} todo=${forMe(state.followUps.items, state.agent.id)} />
    <${Banners} desk=${desk} state=${state} />
    <${Mentions} mentions=${state.mentions} store=${desk.store} />
    ${view === "follow_ups" && html`<div class="aside-view" role="region" aria-label=${t("view.follow_ups")}>
      <${FollowUps} open=${state.followUps} me=${state.agent.id} tell=${(text, kind = "info") => desk.tell({ kind, text })} callBack=${state.dials ? (id) => desk.callBack(id) : null} /></div>`}
    <main id="work" class=${`work ${chats.length ? "with-chats" : ""} ${chats.length && calls.length ? "with-both" : ""}`} tabindex="-1" hidden=${view !== "work"}>
      <section class="stage" aria-label=${t("page.work")}>
        <${Announcement} offers=${offers} />
        ${offers.map((offer) => html`<${OfferCard} key=${offer.reservation_id} offer=${offer} desk=${desk} state=${state} compact=${works.length > 0} />`)}
        ${calls.map((work) =>
          work.wrapUp
            ? html`<${WrapUp} key=${`w${work.reservation_id}`} work=${work} desk=${desk} state=${state} />`
            : html`<${CallCard} key=${`c${work.reservation_id}`} call=${work.assignment} desk=${desk} state=${state} />`,
        )}
        ${chats.length > 0 && html`<${Chats} chats=${chats} shown=${state.shown} desk=${desk} state=${state} />`}
        ${offers.length + works.length === 0 && html`<${Idle} desk=${desk} state=${state} />`}
        <${Today} today=${state.today} />
        <${Parked} chats=${state.parked} desk=${desk} />
      </section>
      <${Customer} of=${front?.assignment ?? offers[0]} ended=${front?.assignment?.state === "ended"} dispositions=${state.dispositions} guidance=${state.guidance} agent=${state.agent} news=${state.news[(front?.assignment ?? offers[0])?.interaction_id] ?? 0} />
    </main>
  `;
}

/** A card that goes takes the focus with it: the keyboard user goes on at the work, not at the top of the page. */
function keepFocus() {
  if (document.activeElement === document.body) document.getElementById("work")?.focus({ preventScroll: true });
}

/** Read out at once by screen readers; the card itself is not live, or its countdown would be read every second. */
function Announcement({ offers }) {
  const [offer] = offers;
  const text = offer ? t("offer.announced", { who: who(offer) }) : "";
  return html`<p class="unseen" role="alert">${text}</p>`;
}

function Waiting({ desk, state }) {
  const replaced = state.ended === "replaced" || state.ended === "elsewhere";
  return html`
    <main class="waiting">
      <span class="pulse" aria-hidden="true"></span>
      <h1 role="status">${replaced ? t(`connection.${state.ended}`) : t(`connection.${state.connection}`)}</h1>
      ${replaced && html`<button class="button primary" onClick=${() => desk.useHere()}>${t("connection.use_here")}</button>`}
      <button class="button quiet" onClick=${() => desk.signOut()}>${t("account.sign_out")}</button>
    </main>
  `;
}

/** Alt and a letter, by position on the keyboard: letters alone would fire while somebody types a note. */
function shortcuts() {
  const press = (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
    const buttons = document.querySelectorAll(`[data-key="${event.code}"]:not(:disabled)`);
    const button = [...buttons].find((one) => one.checkVisibility()); // chats behind the one in front have theirs too
    if (!button) return;
    event.preventDefault();
    button.click();
  };
  addEventListener("keydown", press);
  return () => removeEventListener("keydown", press);
}
