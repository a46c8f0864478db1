// Rules that are edited here: an edit says on which version it is based, and whoever is second is told what the first one changed.
import { t } from "../../lib/i18n.js";
import { dateTime } from "../../lib/time.js";
import { html, useEffect, useState } from "../../lib/ui.js";
import { problemText } from "../office.js";
import { Changes } from "./audit.js";

/**
 * `ask` gets the rules, `take(rules, again)` puts them into the form, `again` when somebody else was first; `fail` is told in words
 * what went wrong. Gives the `rules` (null until they are there), the others' changes (`theirs`, null while nobody was first), `load`
 * to begin anew with these, and `conflict`, which says of an error whether it is this one.
 */
export function useRules(ask, take, fail) {
  const [rules, setRules] = useState(null);
  const [theirs, setTheirs] = useState(null);
  const load = async () => {
    try {
      const found = await ask();
      setRules(found);
      take(found, theirs !== null);
      setTheirs(null);
    } catch (error) {
      fail(problemText(error));
    }
  };
  useEffect(() => void load(), []);
  const conflict = (error) => {
    if (error.code !== "changed_meanwhile") return false;
    setTheirs(error.problem.changes);
    return true;
  };
  return { rules, theirs, load, conflict };
}

export function Theirs({ changes, load }) {
  const [{ by }] = changes.slice(-1);
  return html`
    <div class="theirs" role="alert">
      <p><b>${t("sheet.second", { who: by })}</b></p>
      ${changes.map((change) => html`
        <div key=${change.version}><p class="quiet-text">${change.by} · ${dateTime(change.at)}${change.comment && html` · <bdi>${change.comment}</bdi>`}</p><${Changes} before=${change.before} after=${change.after} /></div>`)}
      <button type="button" class="button" onClick=${load}>${t("sheet.reload")}</button>
    </div>
  `;
}
