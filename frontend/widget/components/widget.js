import { html, useEffect, useLayoutEffect, useRef, useState } from "../../lib/ui.js";
import { useVisible } from "../../lib/visible.js";
import { locale, t } from "../texts.js";
import { Call } from "./call.js";
import { Conversation } from "./conversation.js";
import { Closed } from "./closed.js";
import { Form } from "./form.js";
import { Glyph } from "./glyphs.js";

/** The button in the corner and the panel that it opens. */
export function Widget({ session, state, settings, memory, theme }) {
  const [open, setOpen] = useState(Boolean(memory.chat));
  const [calling, setCalling] = useState(false);
  const [hours, setHours] = useState(null); // what the server says of the entry, asked when the panel opens
  const launcher = useRef(null);
  const panel = useRef(null);
  const visible = useVisible();
  useEffect(() => session.seen(open && visible && !calling), [open, visible, calling]);
  useLayoutEffect(() => void (open && panel.current.querySelector("[data-first]")?.focus({ preventScroll: true })), [open]);
  const asking = open && (state.phase === "none" || state.problem === "outside_hours");
  useEffect(() => void (asking && session.ask().then(setHours)), [asking, state.problem]);
  const call = settings.callEntry && (() => setCalling(true));
  const close = () => {
    setOpen(false);
    launcher.current.focus();
  };
  const escape = (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    close();
  };
  const title = settings.title ?? t("widget.title");
  const unread = state.lines.filter(({ author, number }) => author !== "customer" && number > state.read).length;
  return html`
    <div class="root" data-theme=${theme} lang=${locale()}>
      <section class="panel" ref=${panel} role="dialog" aria-label=${title} hidden=${!open} onKeyDown=${escape}>
        <header class="head">
          <h2>${title}</h2>
          <button type="button" class="plain" aria-label=${t("widget.close")} title=${t("widget.close")} onClick=${close}><${Glyph} name="down" /></button>
        </header>
        ${calling
          ? html`<${Call} settings=${settings} memory=${memory} leave=${() => setCalling(false)} />`
          : state.phase === "none" || state.phase === "opening"
            ? hours?.open === false && state.phase === "none"
              ? html`<${Closed} session=${session} hours=${hours} settings=${settings} call=${call} />`
              : html`<${Form} session=${session} state=${state} settings=${settings} memory=${memory} call=${call} />`
            : html`<${Conversation} session=${session} state=${state} open=${open} />`}
      </section>
      <button type="button" class=${`launcher ${open ? "opened" : ""}`} ref=${launcher} aria-expanded=${open} aria-label=${open ? t("widget.close") : title} onClick=${() => setOpen(!open)}>
        <${Glyph} name=${open ? "down" : "chat"} />
        ${!open && unread > 0 && html`<b class="badge" aria-label=${t("widget.unread", { count: unread })}>${unread}</b>`}
      </button>
    </div>
  `;
}
