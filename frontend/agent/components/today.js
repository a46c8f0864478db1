// The agent's own day: what they handled, how long it took, how busy they were, how customers rated them.
import { t } from "../../lib/i18n.js";
import { duration } from "../../lib/time.js";
import { html } from "../../lib/ui.js";

const NOTHING = "–";

export function Today({ today }) {
  const { handled = 0, missed = 0, mean_handle_us: handle, occupancy, ratings = 0, mean_rating: rating } = today;
  const figures = [
    ["handled", handled],
    ["handle_time", handle ? duration(handle / 1000) : NOTHING],
    ["occupancy", occupancy === undefined ? NOTHING : `${Math.round(occupancy * 100)} %`],
    ["rating", ratings ? t("today.rated", { mean: rating.toFixed(1), count: ratings }) : NOTHING],
    ["missed", missed],
  ];
  return html`
    <section class="today" aria-label=${t("today.heading")}>
      <h2>${t("today.heading")}</h2>
      <dl>${figures.map(([name, value]) => html`<div key=${name} data-figure=${name}><dt>${t(`today.${name}`)}</dt><dd class="figures">${value}</dd></div>`)}</dl>
    </section>`;
}
