// Controls and figures that several pages share.
import { t } from "./i18n.js";
import { Icon } from "./icons.js";
import { duration, onTick, serverNow } from "./time.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./ui.js";

const SURE_MS = 4000;

/** A button that is busy until its action is settled, so that nothing is asked twice. */
export function Action({ act, children, shortcut, ...rest }) {
  const [busy, setBusy] = useState(false);
  const click = async () => {
    setBusy(true);
    try {
      await act();
    } finally {
      setBusy(false);
    }
  };
  const keys = shortcut ? { "data-key": shortcut, "aria-keyshortcuts": `Alt+${shortcut.slice(3)}` } : {};
  return html`
    <button type="button" ...${rest} ...${keys} disabled=${rest.disabled || busy} aria-busy=${busy} onClick=${click}>
      ${children}${shortcut && html`<kbd aria-hidden="true">Alt ${shortcut.slice(3)}</kbd>`}
    </button>
  `;
}

/** `act`, which does nothing while it is under way: however often Enter is pressed, it is done once. */
export function useOnce(act) {
  const busy = useRef(false);
  return async () => {
    if (busy.current) return;
    busy.current = true;
    try {
      await act();
    } finally {
      busy.current = false;
    }
  };
}

/** An action that the first click only asks about; a second one within seconds does it. */
export function SureAction({ act, sure, children, class: looks, ...rest }) {
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    if (!asked) return undefined;
    const timer = setTimeout(() => setAsked(false), SURE_MS);
    return () => clearTimeout(timer);
  }, [asked]);
  const click = async () => {
    if (!asked) return setAsked(true);
    setAsked(false);
    return act();
  };
  return html`<${Action} class=${`${looks} ${asked ? "sure" : ""}`} ...${rest} act=${click}>${asked ? sure : children}</${Action}>`;
}

/** How long something lasts already. It writes its own text: a hundred of them redraw nothing else. */
export function Ticking({ since, every = 1000 }) {
  const place = useRef(null);
  useLayoutEffect(() => {
    const write = () => {
      const text = duration(serverNow() - since);
      if (place.current.textContent !== text) place.current.textContent = text;
    };
    write();
    return onTick(every, write);
  }, [since, every]);
  return html`<span class="figures" ref=${place}></span>`;
}

/** Something stands in the way of work: what, and what to do about it. */
export function Banner({ text, label, act }) {
  return html`<p class="banner">${text}${act && html`<button type="button" class="button" onClick=${act}>${label}</button>`}</p>`;
}

export function Notices({ notices, gone }) {
  return html`
    <div class="notices" role="log" aria-live="polite" aria-label=${t("page.notices")}>
      ${notices.map(({ id, kind, key, text, action }) => html`
        <div key=${id} class=${`notice ${kind}`} role=${kind === "error" ? "alert" : undefined}>
          <span>${text ?? t(key)}</span>
          ${action && html`<${Action} class="button small" act=${() => (gone(id), action.act())}>${action.label}</${Action}>`}
          <button type="button" class="button icon-only quiet" aria-label=${t("page.dismiss")} onClick=${() => gone(id)}><${Icon} name="cross" /></button>
        </div>`)}
    </div>
  `;
}
