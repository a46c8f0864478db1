// Chats that wait for their customer: parked until they write, or until a time; and the list of them.
import { Action, Ticking } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { InfoSheet } from "../../lib/sheet.js";
import { dateTime } from "../../lib/time.js";
import { html, useRef, useState } from "../../lib/ui.js";

const TIMES = [["minutes", 15], ["hour", 60], ["hours", 240], ["latest", null]];

/** The button, and the choice of a time while it stands; the focus comes back to the button. */
export function ParkButton({ id, chat, open, desk }) {
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState("");
  const button = useRef(null);
  const close = () => {
    setAsking(false);
    setProblem("");
    button.current?.focus();
  };
  const park = async (minutes) => {
    const wrong = await desk.park(id, chat.lines.at(-1)?.number ?? 0, minutes);
    if (wrong) setProblem(wrong);
    else close();
  };
  return html`
    <button type="button" ref=${button} class="button quiet" data-key="KeyP" aria-keyshortcuts="Alt+P" aria-haspopup="dialog" disabled=${!open} onClick=${() => setAsking(true)}>
      <${Icon} name="pause" />${t("park.park")}
    </button>
    ${asking && html`
      <${InfoSheet} heading=${t("park.heading")} close=${close}>
        <p>${t("park.hint")}</p>
        <p class="problem" role="alert">${problem}</p>
        <div class="park-times">${TIMES.map(([name, minutes]) => html`<${Action} key=${name} class="button" act=${() => park(minutes)}>${t(`park_for.${name}`)}</${Action}>`)}</div>
      </${InfoSheet}>`}
  `;
}

/** What the agent has parked, with how long ago and until when. */
export function Parked({ chats, desk }) {
  if (!chats.length) return null;
  return html`
    <section class="card parked" aria-label=${t("park.list")}>
      <h2>${t("park.list")} <span class="badge figures">${chats.length}</span></h2>
      <ul>
        ${chats.map(({ interaction_id, name, last, since_us, until_us }) => html`
          <li key=${interaction_id}>
            <p class="parked-name"><b><bdi>${name || t("park.somebody")}</bdi></b> <${Ticking} since=${since_us / 1000} /></p>
            ${last && html`<p class="parked-last"><bdi>${last}</bdi></p>`}
            <p class="quiet-text">${t("park.until", { time: dateTime(until_us) })}</p>
            <${Action} class="button" aria-label=${t("park.take_back_of", { name: name || t("park.somebody") })} act=${() => desk.unpark(interaction_id)}>${t("park.take_back")}</${Action}>
          </li>`)}
      </ul>
    </section>
  `;
}
