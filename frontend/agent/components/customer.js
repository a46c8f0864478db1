// The customer panel: one timeline over calls and chats, and by what the customer is known.
import { label, t, tCode } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { RecordedCall } from "../../lib/recording.js";
import { named } from "../../lib/names.js";
import { dateTime, duration } from "../../lib/time.js";
import { html, useEffect, useState } from "../../lib/ui.js";
import { storyOf, timelineOf } from "../customers.js";
import { titleOf } from "../guidance.js";
import { Profile } from "./profile.js";
import { Script } from "./script.js";
import { Lines } from "./transcript.js";

const ICONS = { voice: "phone", chat: "chat", email: "mail" };

/** `of` is the card in front, `ended` whether its interaction is over; nothing is asked for until there is one. */
export function Customer({ of: card, ended, dispositions, guidance, agent, news }) {
  const id = card?.interaction_id ?? null;
  const [found, setFound] = useState({ id: null, timeline: null });
  const [done, setDone] = useState(0); // changes made here: the timeline follows them
  useEffect(() => {
    const stop = new AbortController();
    if (id) timelineOf(id, found.id === id, stop.signal).then((timeline) => stop.signal.aborted || setFound({ id, timeline }));
    return () => stop.abort();
  }, [id, ended, news, done]);
  const timeline = found.id === id ? found.timeline : null;
  const items = itemsOf(card, timeline);
  return html`
    <aside class="history" aria-labelledby="history-heading">
      <${Script} card=${card} guidance=${guidance} agent=${agent} />
      <h2 id="history-heading">${t("history.heading")}</h2>
      ${timeline && html`<${Identities} identities=${timeline.identities} />`}
      ${timeline?.customer && html`<${Profile} key=${timeline.customer} customer=${timeline.customer} news=${news} changed=${() => setDone((count) => count + 1)} />`}
      ${items.length === 0 && html`<p class="empty"><${Icon} name="clock" />${t(card ? "history.none" : "history.nobody")}</p>`}
      <ol>${items.map((item) => html`<${Item} key=${item.id} item=${item} guidance=${guidance} disposition=${title(dispositions, item.disposition)} />`)}</ol>
    </aside>
  `;
}

/** The timeline with the notes of the card; the card's history alone where there is no timeline. */
function itemsOf(card, timeline) {
  const past = (card?.history ?? []).map(({ interaction_id, at_us, agent, ...rest }) => ({ id: interaction_id, opened_at: at_us, agent_id: agent, ...rest }));
  if (!timeline) return past;
  const notes = new Map(past.map(({ id, note }) => [id, note]));
  const items = timeline.items.filter(({ id }) => id !== card.interaction_id);
  return items.map((item) => ({ ...item, note: notes.get(item.id), whole: true }));
}

function Identities({ identities }) {
  return html`
    <ul class="identities" aria-label=${t("customer.identities")}>
      ${identities.map(({ kind, value, unverified }) => html`
        <li class=${`tag ${unverified ? "" : "good"}`} title=${t(unverified ? "customer.unverified" : "customer.verified")}>
          ${!unverified && html`<${Icon} name="shield" />`}<span>${tCode("identity", kind)}</span> <bdi class="figures" title=${value}>${kind === "visitor" ? value.slice(0, 8) : value}</bdi>
        </li>`)}
    </ul>
  `;
}

/** The site's words for a code, whichever queue it belongs to. */
function title(dispositions, code) {
  const known = Object.values(dispositions).flat().find(({ id }) => id === code);
  return known ? label(known.label) : code;
}

function Item({ item, guidance, disposition }) {
  const [open, setOpen] = useState(false);
  const { medium, outcome, rating, note } = item;
  return html`
    <li>
      <p class="past-when figures">${medium && html`<${Icon} name=${ICONS[medium] ?? "note"} />`}${dateTime(item.opened_at)}${item.talk_us > 0 && html` · ${duration(item.talk_us / 1000)}`}</p>
      <p class="past-what"><b><bdi>${item.queue ? titleOf(guidance, "queues", item.queue) : titleOf(guidance, "channels", item.channel)}</bdi></b>
        ${outcome && html`<span class="tag">${tCode("outcome", outcome)}</span>`}
        ${disposition && html`<span class="tag">${disposition}</span>`}
        ${item.recording && html`<span class="tag"><${Icon} name="record" />${t("recording.heading")}</span>`}
        ${rating && html`<span class="tag" title=${t("customer.rating", { rating })}><${Icon} name="star" />${rating}</span>`}
      </p>
      ${note && !open && html`<p class="past-note"><bdi>${note}</bdi></p>`}
      ${open && item.recording && html`<${RecordedCall} interaction=${item.id} />`}
      ${open && html`<${Story} id=${item.id} />`}
      <p class="past-foot"><span class="quiet-text">${[item.channel && titleOf(guidance, "channels", item.channel), item.agent_id && named(item.agent_id)].filter(Boolean).join(" · ")}</span>
        ${item.whole && html`<button type="button" class="link" aria-expanded=${open} onClick=${() => setOpen(!open)}>${t(open ? "customer.less" : "customer.more")}</button>`}
      </p>
    </li>
  `;
}

function Story({ id }) {
  const [story, setStory] = useState(undefined);
  useEffect(() => void storyOf(id).then(setStory), [id]);
  if (story === undefined) return html`<p class="quiet-text">${t("customer.loading")}</p>`;
  if (story === null) return html`<p class="quiet-text">${t("customer.not_yours")}</p>`;
  const lines = (story.messages ?? []).map(({ at, ...rest }) => ({ ...rest, at_us: at }));
  return html`
    <div class="story">
      ${(story.notes ?? []).map(({ text }) => html`<p class="past-note"><bdi>${text}</bdi></p>`)}
      ${lines.length > 0 && html`<div class="story-lines"><${Lines} lines=${lines} interaction=${id} /></div>`}
      ${!story.notes?.length && !lines.length && html`<p class="quiet-text">${t("customer.nothing")}</p>`}
    </div>
  `;
}
