// An agent's skills and capacity.
import { label, t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { html, useState } from "../../lib/ui.js";
import { knownSkills, nameOf } from "../store.js";
import { Sheet } from "./dialogs.js";
import { Theirs, useRules } from "./rules.js";
import { WhatIf } from "./what-if.js";

export function Skills({ asked: { agent }, office, state, close }) {
  const [skills, setSkills] = useState([]); // [name, grade], as they stand in the form
  const [capacity, setCapacity] = useState({}); // items of each medium, and units in total
  const [problem, setProblem] = useState(null);
  const take = (found) => {
    setSkills(Object.entries(found.skills));
    setCapacity(holds(found));
  };
  const { rules, theirs, load, conflict } = useRules(() => office.rules(agent.agent_id), take, setProblem);
  const set = (index, change) => setSkills(skills.map((each, at) => (at === index ? change(each) : each)));
  const can = Object.fromEntries(skills);
  /** Only what the form says otherwise than what holds. */
  const row = () => ({ ...(differ(can, rules.skills) && { skills: can }), ...(differ(capacity, holds(rules)) && { capacity }) });
  const sound = () => skills.every(([, grade]) => grade >= 1 && grade <= 10) && Object.values(capacity).every((items) => items >= 0);
  const save = (comment) => office.setRows({ [`agent:${agent.agent_id}`]: { skills: can, ...row() } }, rules.version, comment);
  const titled = (name) => label(state.skills[name]) || name;
  const free = knownSkills(state).filter((name) => !skills.some(([known]) => known === name));
  return html`
    <${Sheet} heading=${t("sheet.skills")} of=${nameOf(agent)} label=${t("sheet.save")} ready=${Boolean(rules) && !theirs} done=${t("sheet.skills_done", { who: nameOf(agent) })} office=${office} close=${close}
      act=${save} onError=${conflict}>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${!rules && !problem && html`<p class="quiet-text">${t("customer.loading")}</p>`}
      ${theirs && html`<${Theirs} changes=${theirs} load=${load} />`}
      <ul class="grades">
        ${skills.map(([name, grade], index) => html`
          <li key=${name}>
            <label for=${`grade-${name}`}>${titled(name)}</label>
            <input id=${`grade-${name}`} type="number" min="1" max="10" required value=${grade} onInput=${({ target }) => set(index, ([known]) => [known, target.valueAsNumber])} />
            <button type="button" class="button icon-only quiet" aria-label=${t("sheet.remove", { skill: titled(name) })} title=${t("sheet.remove", { skill: titled(name) })} onClick=${() => setSkills(skills.filter((_, at) => at !== index))}><${Icon} name="cross" /></button>
          </li>`)}
      </ul>
      ${rules && free.length > 0 && html`
        <label>${t("sheet.add_skill")}
          <select name="add" value="" onChange=${({ target }) => target.value && setSkills([...skills, [target.value, 5]])}>
            <option value=""></option>${free.map((name) => html`<option value=${name} key=${name}>${titled(name)}</option>`)}
          </select>
        </label>`}
      ${rules && html`
        <fieldset class="pairs"><legend>${t("sheet.capacity")}</legend>
          ${Object.keys(capacity).map((name) => html`
            <label key=${name}>${t(`capacity.${name}`)}<input type="number" name=${name} min=${name === "total" ? 1 : 0} max="100" required value=${capacity[name]} onInput=${({ target }) => setCapacity({ ...capacity, [name]: target.valueAsNumber })} /></label>`)}
        </fieldset>`}
      ${rules && html`<${WhatIf} state=${state} draft=${Object.keys(row()).length && sound() ? { agents: [{ agent_id: agent.agent_id, ...row() }] } : null} />`}
    </${Sheet}>
  `;
}

const holds = ({ capacity, total_units: total }) => ({ ...capacity, ...(total !== undefined && { total }) });
const differ = (one, other) => JSON.stringify(Object.entries(one).sort()) !== JSON.stringify(Object.entries(other).sort());
