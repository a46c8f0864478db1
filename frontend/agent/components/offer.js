import { Action } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { duration, useNow } from "../../lib/time.js";
import { html } from "../../lib/ui.js";
import { HandedOn } from "./chat-transfer.js";
import { Caller, Facts, Why } from "./parts.js";

const RADIUS = 44;
const ROUND = 2 * Math.PI * RADIUS;

/** `compact` beside other work, so that what the agent is writing on stays where it is. */
export function OfferCard({ offer, desk, state, compact }) {
  const id = offer.reservation_id;
  const onPhone = state.agent.station === "sip" && offer.medium === "voice";
  const icon = offer.medium === "chat" ? "chat" : "phone";
  const question = offer.chat?.lines?.[0]?.text;
  const attempt = offer.attempt ?? 1;
  return html`
    <article class=${`card offer ${compact ? "compact" : ""}`} aria-labelledby=${`offer-${id}`}>
      <header class="card-head">
        <p id=${`offer-${id}`} class="eyebrow"><span class="beacon" aria-hidden="true"></span>${t(offer.callback ? "offer.callback" : `offer.medium.${offer.medium}`)}</p>
        ${attempt > 1 && html`<span class="tag">${t("offer.attempt", { attempt })}</span>`}
      </header>
      <div class="offer-top">
        <${Caller} card=${offer} />
        <${Countdown} deadline=${offer.deadline_us / 1000} whole=${offer.timeout_ms} />
      </div>
      <${Promised} due=${offer.due_at_us} />
      <${HandedOn} chat=${offer.chat} />
      ${question && html`<blockquote class="question"><bdi>${question}</bdi></blockquote>`}
      ${!compact && html`<${Facts} card=${offer} waiting=${true} /><${Why} why=${offer.why} />`}
      <footer class="actions">
        ${onPhone
          ? html`<p class="on-phone"><${Icon} name="phone" />${t("offer.answer_on_phone")}</p>`
          : html`<${Action} class="button accept large" shortcut="KeyA" act=${() => desk.accept(id)}><${Icon} name=${icon} />${t(offer.callback ? "offer.call" : "offer.accept")}</${Action}>`}
        <${Action} class="button large" shortcut="KeyR" act=${() => desk.reject(id)}><${Icon} name="cross" />${t("offer.reject")}</${Action}>
      </footer>
    </article>
  `;
}

/** The queue's target: how long it can still be kept, and aloud once when it is missed. */
function Promised({ due }) {
  const now = useNow(1000);
  const left = due / 1000 - now;
  if (!due) return null;
  return html`
    <p class="promised">
      ${left > 0 && html`<span class="tag figures"><${Icon} name="clock" />${t("waiting.due", { time: duration(left) })}</span>`}
      <span role="status">${left <= 0 && html`<span class="tag bad"><${Icon} name="alert" />${t("offer.overdue")}</span>`}</span>
    </p>
  `;
}

function Countdown({ deadline, whole }) {
  const left = Math.max(0, deadline - useNow(250));
  const share = whole > 0 ? Math.min(1, left / whole) : 0;
  const seconds = Math.ceil(left / 1000);
  return html`
    <div class=${`ring ${seconds <= 5 ? "late" : ""}`} role="timer" aria-label=${t("offer.seconds_left", { seconds })}>
      <svg viewBox="0 0 100 100" aria-hidden="true">
        <circle class="ring-back" cx="50" cy="50" r=${RADIUS} />
        <circle class="ring-left" cx="50" cy="50" r=${RADIUS} stroke-dasharray=${ROUND} stroke-dashoffset=${ROUND * (1 - share)} />
      </svg>
      <b class="figures" aria-hidden="true">${seconds}</b>
    </div>
  `;
}
