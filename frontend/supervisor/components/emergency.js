// What everybody who waits and comes is told at once: a prompt for callers, a text for visitors and for callers from web pages.
import { t } from "../../lib/i18n.js";
import { LANGUAGES } from "../../lib/languages.js";
import { html, useEffect, useState } from "../../lib/ui.js";
import { problemText } from "../office.js";
import { Sheet } from "./dialogs.js";
import { titleOf } from "./queues.js";

export function Emergency({ office, state, close }) {
  const queues = [...state.queues.values()];
  const media = [...new Set(queues.map(({ medium }) => medium))].sort();
  const [where, setWhere] = useState(`medium:${media[0]}`);
  const [rules, setRules] = useState(null);
  const [prompt, setPrompt] = useState("");
  const [texts, setTexts] = useState({});
  const [on, setOn] = useState(true);
  const [problem, setProblem] = useState(null);
  const at = where.indexOf(":");
  const told = queues.filter((queue) => (where.startsWith("medium:") ? queue.medium : queue.queue) === where.slice(at + 1));
  const voice = told[0]?.medium === "voice";
  useEffect(() => {
    let here = true;
    setRules(null);
    setPrompt("");
    setTexts({});
    setProblem(null);
    office.queueRules(told[0].queue).then(
      (found) => {
        if (!here) return;
        setRules(found);
        // What was chosen and written before the answer was there stays.
        setPrompt((chosen) => chosen || (found.rules.emergency?.prompt ?? found.prompts?.[0] ?? ""));
        setTexts((written) => ({ ...found.rules.emergency?.text, ...written }));
      },
      (error) => here && setProblem(problemText(error)),
    );
    return () => void (here = false);
  }, [where]);
  const text = Object.fromEntries(Object.entries(texts).filter(([, each]) => each.trim()));
  const written = Object.keys(text).length > 0;
  const said = { ...(voice && { prompt }), ...(written && { text }) };
  const ready = Boolean(rules) && (!on || (voice ? prompt : written));
  const act = (comment) => office.setRows(Object.fromEntries(told.map(({ queue }) => [`queue:${queue}`, { emergency: on ? said : null }])), rules.version, comment);
  return html`
    <${Sheet} heading=${t("emergency.heading")} of=${told.map(titleOf).join(", ")} label=${t(on ? "emergency.tell" : "emergency.end")} danger=${on} ready=${ready} done=${t(on ? "emergency.told" : "emergency.ended")} office=${office} close=${close} act=${act}>
      <label>${t("emergency.where")}
        <select name="where" value=${where} onChange=${({ target }) => setWhere(target.value)}>
          ${media.map((medium) => html`<option value=${`medium:${medium}`} key=${medium}>${t("emergency.all_of", { medium: t(`medium.${medium}`) })}</option>`)}
          ${queues.map((queue) => html`<option value=${`queue:${queue.queue}`} key=${queue.queue}>${titleOf(queue)}</option>`)}
        </select>
      </label>
      <fieldset class="choices"><legend class="unseen">${t("emergency.heading")}</legend>
        ${[true, false].map((each) => html`<label key=${each}><input type="radio" name="on" checked=${on === each} onChange=${() => setOn(each)} /><span>${t(each ? "emergency.on" : "emergency.off")}</span></label>`)}
      </fieldset>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${on && rules && voice && html`
        <label>${t("emergency.prompt")}<select name="prompt" value=${prompt} onChange=${({ target }) => setPrompt(target.value)}>${rules.prompts.map((name) => html`<option key=${name}>${name}</option>`)}</select></label>`}
      ${on && rules && voice && html`<p class="hint">${t("emergency.web_callers")}</p>`}
      ${on && rules && Object.entries(LANGUAGES).map(([tag, name]) => html`
        <label key=${tag}>${name}<input name=${`text-${tag}`} lang=${tag} maxlength="500" value=${texts[tag] ?? ""} onInput=${({ target }) => setTexts({ ...texts, [tag]: target.value })} /></label>`)}
    </${Sheet}>
  `;
}

/** In the row of a queue whose customers are told something. */
export const EmergencyMark = ({ queue }) => queue.emergency && html`<span class="tag bad">${t("emergency.mark")}</span>`;
