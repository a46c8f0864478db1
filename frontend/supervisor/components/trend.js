// The service level of the last four hours as a small drawing. Slots in which nothing was settled leave a gap.
import { t } from "../../lib/i18n.js";
import { serverNow, time } from "../../lib/time.js";
import { html, memo } from "../../lib/ui.js";
import { percent } from "./queues.js";

const HOURS_MS = 4 * 3600000;
const [WIDTH, HEIGHT, EDGE] = [112, 26, 3];

export const Trend = memo(({ trend, target }) => {
  if (!trend?.length) return html`<span class="quiet-text">–</span>`;
  const end = Math.max(serverNow(), trend.at(-1).until / 1000);
  const x = (us) => EDGE + ((us / 1000 - end + HOURS_MS) / HOURS_MS) * (WIDTH - 2 * EDGE);
  const y = (level) => EDGE + (1 - level) * (HEIGHT - 2 * EDGE);
  const points = trend.map(({ since, until, level }) => ({ since, until, x: x((since + until) / 2), y: y(level) }));
  const said = t("queues.trend_said", { levels: trend.map((row) => `${time(row.since)} ${percent(row.level)}`).join(", ") });
  return html`
    <svg class="trend" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${said}>
      <title>${said}</title>
      ${target !== undefined && html`<path class="trend-target" d=${`M${EDGE} ${y(target)}H${WIDTH - EDGE}`} />`}
      <path class="trend-line" d=${line(points)} />
      ${points.map((point) => html`<circle key=${point.since} cx=${point.x.toFixed(1)} cy=${point.y.toFixed(1)} r="1.5" />`)}
    </svg>
  `;
});

/** A line through neighbouring slots, broken where there is none between. */
function line(points) {
  return points
    .map((point, at) => `${at && points[at - 1].until === point.since ? "L" : "M"}${point.x.toFixed(1)} ${point.y.toFixed(1)}`)
    .join("");
}
