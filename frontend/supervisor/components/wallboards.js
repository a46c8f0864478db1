// Links of wallboards: made, named, revoked. An address is shown once, when it is made.
import { Action, SureAction, useOnce } from "../../lib/controls.js";
import { inOrderOfNames, label, t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { dateTime } from "../../lib/time.js";
import { html, useEffect, useState } from "../../lib/ui.js";
import { problemText } from "../office.js";
import { titleOf } from "./queues.js";

export function Wallboards({ office, state }) {
  const [links, setLinks] = useState(null);
  const [made, setMade] = useState(null); // {name, address}
  const tell = (error) => office.tell(problemText(error), "error");
  const load = async () => setLinks((await office.wallboards()).items);
  useEffect(() => void load().catch(tell), []);
  const change = (act, done) => async () => {
    try {
      await act();
      office.tell(done);
      await load();
    } catch (error) {
      tell(error);
    }
  };
  return html`
    <section class="card sheet whole wallboards" aria-labelledby="wallboards-heading">
      <h2 id="wallboards-heading">${t("wallboards.heading")}</h2>
      <p class="none quiet-text">${t("wallboards.hint")}</p>
      ${made && html`<${Address} made=${made} />`}
      ${links?.length > 0 && html`
        <div class="scroll" tabindex="0" role="group" aria-labelledby="wallboards-heading"><table>
          <thead><tr><th scope="col">${t("wallboards.name")}</th><th scope="col">${t("wallboards.shows")}</th><th scope="col" class="number">${t("wallboards.screens")}</th><th scope="col">${t("wallboards.made")}</th><td></td></tr></thead>
          <tbody>${links.map((link) => html`<${Link} key=${link.id} link=${link} state=${state} office=${office} change=${change} />`)}</tbody>
        </table></div>`}
      ${links?.length === 0 && html`<p class="none quiet-text">${t("wallboards.none")}</p>`}
      <${Make} state=${state} make=${(wanted) => change(async () => {
        const { wallboard, path } = await office.makeWallboard(wanted);
        setMade({ name: wallboard.name, address: new URL(path, location.href).href });
      }, t("wallboards.done"))()} />
    </section>
  `;
}

/** The one time that the address is there to be copied. */
function Address({ made: { name, address } }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(address);
    setCopied(true);
  };
  return html`
    <div class="address" role="status">
      <label>${t("wallboards.address", { name })}<input readonly value=${address} onFocus=${({ target }) => target.select()} /></label>
      ${navigator.clipboard && html`<button type="button" class="button" onClick=${copy}>${t(copied ? "wallboards.copied" : "wallboards.copy")}</button>`}
      <a class="button" href=${address} target="_blank" rel="noopener noreferrer">${t("wallboards.open")}</a>
    </div>
  `;
}

function Link({ link, state, office, change }) {
  const [name, setName] = useState(link.name);
  const shown = [...link.teams.map((team) => label(state.teams[team]) || team), ...link.queues.map((queue) => titleOf(state.queues.get(queue) ?? { queue }))];
  return html`
    <tr data-wallboard=${link.id}>
      <td><input aria-label=${t("wallboards.name")} maxlength="100" value=${name} onInput=${({ target }) => setName(target.value)} />
        ${name.trim() && name !== link.name && html`<${Action} class="button small" act=${change(() => office.nameWallboard(link.id, name.trim()), t("wallboards.named"))}>${t("sheet.save")}</${Action}>`}</td>
      <td>${shown.join(", ")}</td>
      <td class="number figures">${link.screens}</td>
      <td class="quiet-text">${dateTime(link.created_at)} · <bdi>${link.created_by}</bdi></td>
      <td class="number"><${SureAction} class="button small danger" sure=${t("wallboards.revoke_sure")} act=${change(() => office.revokeWallboard(link.id), t("wallboards.revoked"))}><${Icon} name="cross" />${t("wallboards.revoke")}</${SureAction}></td>
    </tr>
  `;
}

function Make({ state, make }) {
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState([]); // "team:x" and "queue:y"
  const teams = [...new Set([...state.agents.values()].map(({ team }) => team))].sort();
  const queues = [...state.queues.values()].sort((a, b) => inOrderOfNames(titleOf(a), titleOf(b)));
  const flip = (key) => setChosen(chosen.includes(key) ? chosen.filter((one) => one !== key) : [...chosen, key]);
  const of = (kind) => chosen.filter((key) => key.startsWith(`${kind}:`)).map((key) => key.slice(kind.length + 1));
  const submit = useOnce(async () => {
    await make({ name: name.trim(), teams: of("team"), queues: of("queue") });
    setName("");
    setChosen([]);
  });
  const box = (key, text) => html`<label key=${key}><input type="checkbox" checked=${chosen.includes(key)} onChange=${() => flip(key)} />${text}</label>`;
  return html`
    <form class="make" onSubmit=${(event) => (event.preventDefault(), submit())}>
      <label>${t("wallboards.name")}<input name="name" required maxlength="100" value=${name} onInput=${({ target }) => setName(target.value)} placeholder=${t("wallboards.name_hint")} /></label>
      <fieldset><legend>${t("wallboards.teams")}</legend>${teams.map((team) => box(`team:${team}`, label(state.teams[team]) || team))}</fieldset>
      <fieldset><legend>${t("wallboards.queues")}</legend>${queues.map((queue) => box(`queue:${queue.queue}`, titleOf(queue)))}</fieldset>
      <button class="button primary" disabled=${!name.trim() || !chosen.length}>${t("wallboards.make")}</button>
    </form>
  `;
}
