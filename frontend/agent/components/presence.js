// What the agent declares: ready or not and why, what comes after the work at hand, and of which media they take work.
import { Action, Ticking } from "../../lib/controls.js";
import { label, t, tCode } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { reachable } from "../store.js";

const LOOKS = { voice: "phone", chat: "chat", email: "mail" };

export function presenceText({ presence, reason, reasons }) {
  if (presence !== "not_ready" || !reason) return t(`presence.${presence}`);
  const known = reasons.find(({ id }) => id === reason);
  return known ? label(known.label) : tCode("reason", reason);
}

export function PresenceSwitch({ desk, state }) {
  const [open, setOpen] = useState(false);
  const menu = useRef(null);
  useEffect(() => (open ? dismiss(menu.current, () => setOpen(false)) : undefined), [open]);
  const { presence, reasons } = state;
  const holds = state.offers.length + state.works.length > 0;
  const choose = (act) => {
    setOpen(false);
    menu.current.querySelector(".presence-away").focus();
    return act();
  };
  const item = (key, text, act) => html`<button type="button" role="menuitem" key=${key} onClick=${() => choose(act)}>${text}</button>`;
  return html`
    <div class="presence" data-presence=${presence} ref=${menu} role="group" aria-label=${t("presence.label")}>
      <${Action} class="presence-ready" aria-pressed=${presence === "ready"} disabled=${presence !== "ready" && !reachable(state)} act=${() => desk.goReady()} shortcut="KeyG">${t("presence.ready")}</${Action}>
      <button type="button" class="presence-away" data-key="KeyN" aria-keyshortcuts="Alt+N" aria-pressed=${presence === "not_ready"} aria-expanded=${open} aria-haspopup="menu"
        onClick=${() => setOpen(!open)}>
        ${presence === "not_ready" ? presenceText(state) : t("presence.not_ready")}<${Icon} name="down" />
      </button>
      <span class="presence-time" title=${t("presence.since")}>${state.since_us > 0 && html`<${Ticking} since=${state.since_us / 1000} />`}</span>
      <span class="unseen" role="status">${t("presence.now", { presence: presenceText(state) })}</span>
      ${open && html`
        <div class="menu" role="menu" aria-label=${t("presence.reasons")} onKeyDown=${walk}>
          ${reasons.map(({ id, label: text }) => item(id, label(text), () => desk.goNotReady(id)))}
          ${item("none", t("presence.no_reason"), () => desk.goNotReady(null))}
          ${holds && html`
            <p class="menu-heading" role="presentation">${t("presence.after")}</p>
            ${presence !== "ready" && item("next-ready", t("presence.then", { presence: t("presence.ready") }), () => desk.queuePresence("ready"))}
            ${reasons.map(({ id, label: text }) => item(`next-${id}`, t("presence.then", { presence: label(text) }), () => desk.queuePresence("not_ready", id)))}
            ${item("next-none", t("presence.then", { presence: t("presence.not_ready") }), () => desk.queuePresence("not_ready"))}
            ${item("next-out", t("presence.then", { presence: t("account.sign_out") }), () => desk.queuePresence("offline"))}`}
        </div>`}
    </div>
    <${Media} desk=${desk} state=${state} />
  `;
}

/** What begins when the last wrap-up ends, with a way to take it back. */
export function Following({ desk, state }) {
  const { next, next_reason: reason } = state;
  if (!next) return null;
  const presence = next === "offline" ? t("account.sign_out") : presenceText({ presence: next, reason, reasons: state.reasons });
  return html`
    <p class="banner following"><span>${t("presence.then", { presence })}</span>
      <${Action} class="button" aria-label=${t("presence.not_then", { presence })} act=${() => desk.queuePresence(null)}>${t("presence.cancel_then")}</${Action}>
    </p>`;
}

/** Where the agent takes work of several media: each can be paused by itself. */
function Media({ desk, state }) {
  const { media, paused } = state;
  if (media.length < 2) return null;
  const toggle = (medium) => desk.pauseMedia(paused.includes(medium) ? paused.filter((each) => each !== medium) : [...paused, medium]);
  return html`
    <div class="media" role="group" aria-label=${t("media.label")}>
      ${media.map((medium) => {
        const on = !paused.includes(medium);
        const text = t(on ? `media.${medium}.on` : `media.${medium}.off`);
        return html`<${Action} key=${medium} class=${`button icon-only ${on ? "taken" : "paused"}`} aria-pressed=${on} aria-label=${t(`media.${medium}`)} title=${text} act=${() => toggle(medium)}><${Icon} name=${LOOKS[medium]} /></${Action}>`;
      })}
      <span class="unseen" role="status">${paused.length > 0 && paused.map((medium) => t(`media.${medium}.off`)).join(" ")}</span>
    </div>`;
}

/** Closes a menu by Escape or by a click elsewhere; moves the focus into it at once. */
function dismiss(element, close) {
  element.querySelector("[role=menuitem]")?.focus();
  const key = (event) => {
    if (event.key !== "Escape") return;
    close();
    element.querySelector("[aria-expanded]").focus();
  };
  const outside = (event) => element.contains(event.target) || close();
  addEventListener("keydown", key);
  addEventListener("pointerdown", outside);
  return () => {
    removeEventListener("keydown", key);
    removeEventListener("pointerdown", outside);
  };
}

function walk(event) {
  const items = [...event.currentTarget.querySelectorAll("[role=menuitem]")];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  items[(to + items.length) % items.length].focus();
}
