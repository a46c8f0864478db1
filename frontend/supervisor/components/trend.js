// The service level of the last four hours as a small drawing. Slots in which nothing was settled leave a gap.
import { t } from "../../lib/i18n.js";
import { serverNow, time } from "../../lib/time.js";
import { html, memo, useEffect, useState } from "../../lib/ui.js";
import { percent } from "./queues.js";

const HOURS_MS = 4 * 3600000;
const AGAIN_MS = 60000;
const [WIDTH, HEIGHT, EDGE] = [112, 26, 3];

/** Rows of the last four hours by queue, refreshed once a minute while somebody looks; empty while they are unknown. */
export function useTrends(office) {
  const [trends, setTrends] = useState(new Map());
  useEffect(() => {
    let over = false;
    const refresh = async () => {
      if (document.hidden) return;
      // An old line would pass for a new one: without an answer there is none.
      const rows = await office.statistics({ by: "queue", period: "4h", step: "15m" }).catch(() => []);
      if (!over) setTrends(byQueue(rows));
    };
    refresh();
    const timer = setInterval(refresh, AGAIN_MS);
    document.addEventListener("visibilitychange", refresh);
    return () => {
      over = true;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", refresh);
    };
  }, [office]);
  return trends;
}

function byQueue(rows) {
  const found = new Map();
  for (const row of rows) if (row.level_of_settled !== null) found.set(row.name, [...(found.get(row.name) ?? []), row]);
  return found;
}

export const Trend = memo(({ trend, target }) => {
  if (!trend) return html`<span class="quiet-text">–</span>`;
  const end = Math.max(serverNow(), trend.at(-1).until / 1000);
  const x = (us) => EDGE + ((us / 1000 - end + HOURS_MS) / HOURS_MS) * (WIDTH - 2 * EDGE);
  const y = (level) => EDGE + (1 - level) * (HEIGHT - 2 * EDGE);
  const points = trend.map(({ since, until, level_of_settled: level }) => ({ since, until, x: x((since + until) / 2), y: y(level) }));
  const said = t("queues.trend_said", { levels: trend.map((row) => `${time(row.since)} ${percent(row.level_of_settled)}`).join(", ") });
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
