// Figures as a file: of queues, agents, media or channels, of any day, week or month.
import { DateField } from "../../lib/date-field.js";
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { problemText } from "../office.js";

const WHOSE = ["queue", "agent", "medium", "channel"];
// Into what each period may be cut: the server gives at most 400 steps.
const STEPS = { day: ["none", "1h"], week: ["none", "day", "1h"], month: ["none", "day"] };

export function Export({ office, close }) {
  const [query, setQuery] = useState({ by: "queue", period: "day", step: "none", date: "" });
  const [problem, setProblem] = useState(null);
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  const choose = (name) => ({ target }) => setQuery((old) => fitting({ ...old, [name]: target.value }));
  const save = async (event) => {
    event.preventDefault();
    setProblem(null);
    const { date, ...rest } = query;
    try {
      await office.saveStatistics(date ? { ...rest, date } : rest);
      close();
    } catch (error) {
      setProblem(problemText(error));
    }
  };
  const choice = (name, group, values) => html`
    <label>${t(`export.${name}`)}
      <select name=${name} value=${query[name]} onChange=${choose(name)}>${values.map((value) => html`<option value=${value} key=${value}>${t(`${group}.${value}`)}</option>`)}</select>
    </label>`;
  return html`
    <dialog ref=${dialog} aria-labelledby="export-heading" onClose=${close} onClick=${({ target }) => target === dialog.current && close()}>
      <form onSubmit=${save}>
        <h2 id="export-heading">${t("export.heading")}</h2>
        ${choice("by", "export_by", WHOSE)}
        ${choice("period", "export_period", Object.keys(STEPS))}
        <${DateField} name="date" label=${t("export.date")} value=${query.date} onValue=${(date) => setQuery((old) => ({ ...old, date }))} />
        ${choice("step", "export_step", STEPS[query.period])}
        <p class="problem" role="alert">${problem}</p>
        <footer class="sheet-acts">
          <button type="button" class="button" onClick=${close}>${t("sheet.cancel")}</button>
          <button class="button primary"><${Icon} name="save" />${t("export.save")}</button>
        </footer>
      </form>
    </dialog>
  `;
}

const fitting = (query) => (STEPS[query.period].includes(query.step) ? query : { ...query, step: "none" });
