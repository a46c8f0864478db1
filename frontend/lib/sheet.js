// A modal dialog with a heading and a way out; Escape and a click beside it close it too.
import { t } from "./i18n.js";
import { html, useEffect, useRef } from "./ui.js";

export function InfoSheet({ heading, close, children }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  return html`
    <dialog ref=${dialog} aria-labelledby="sheet-heading" onClose=${close} onClick=${({ target }) => target === dialog.current && close()}>
      <div class="sheet">
        <h2 id="sheet-heading">${heading}</h2>
        ${children}
        <footer class="sheet-acts"><button type="button" class="button primary" onClick=${close}>${t("sheet.close")}</button></footer>
      </div>
    </dialog>
  `;
}
