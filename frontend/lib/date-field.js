// A day, or a day with a time, in the page's own language: the browser's fields follow the browser's. Written as in
// ISO 8601, which reads alike in every language, or chosen from a month.
import { language, t } from "./i18n.js";
import { Icon } from "./icons.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./ui.js";

const two = (number) => String(number).padStart(2, "0");
const dayText = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
const WEEK = 7;
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -WEEK, ArrowDown: WEEK };

/** "2026-3-9 8:05", with any signs between the numbers -> "2026-03-09" or "2026-03-09T08:05"; null for no such day. */
export function parsed(text, time) {
  const numbers = text.match(/\d+/g)?.map(Number) ?? [];
  if (numbers.length < 3 || numbers.length > (time ? 5 : 3)) return null;
  const [year, month, day, hour = 0, minute = 0] = numbers;
  const date = new Date(year, month - 1, day, hour, minute);
  const exists = year > 1900 && date.getMonth() === month - 1 && date.getDate() === day && hour < 24 && minute < 60;
  return exists ? `${dayText(date)}${time ? `T${two(hour)}:${two(minute)}` : ""}` : null;
}

/** `value` is "", "2026-03-09" or, with `time`, "2026-03-09T08:05"; so is what `onValue` is called with. */
export function DateField({ name, label, value, onValue, time = false }) {
  const [draft, setDraft] = useState(null); // what is being written, or cannot be understood
  const [wrong, setWrong] = useState(false);
  const [open, setOpen] = useState(false);
  const place = useRef(null);
  const button = useRef(null);
  const written = ({ target }) => {
    const text = target.value.trim();
    const found = text && parsed(text, time);
    setWrong(found === null);
    target.setCustomValidity(found === null ? t("date.wrong") : "");
    if (found === null) return;
    setDraft(null);
    if (found !== value) onValue(found);
  };
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const pick = (day) => {
    setWrong(false);
    setDraft(null);
    place.current.querySelector("input").setCustomValidity("");
    onValue(time ? `${day}T${value.slice(11) || "00:00"}` : day);
    close();
  };
  useEffect(() => {
    if (!open) return undefined;
    const outside = ({ target }) => place.current.contains(target) || setOpen(false);
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
  }, [open]);
  return html`
    <div class="date-field" ref=${place}>
      <label>${label}<input type="text" name=${name} autocomplete="off" spellcheck=${false} placeholder=${t(time ? "date.shape_time" : "date.shape")} value=${draft ?? shown(value)} aria-invalid=${wrong} onInput=${({ target }) => setDraft(target.value)} onChange=${written} /></label>
      <button type="button" ref=${button} class="button icon-only quiet" aria-label=${t("date.choose_of", { label })} title=${t("date.choose")} aria-haspopup="dialog" aria-expanded=${open} onClick=${() => setOpen(!open)}><${Icon} name="calendar" /></button>
      ${wrong && html`<p class="problem" role="alert">${t("date.wrong")}</p>`}
      ${open && html`<${Month} chosen=${value.slice(0, 10)} pick=${pick} close=${close} />`}
    </div>
  `;
}

const shown = (value) => value.replace("T", " ");

/** A month to choose a day from; weeks begin on Monday, as in ISO 8601. */
function Month({ chosen, pick, close }) {
  const today = dayText(new Date());
  const [at, setAt] = useState(chosen || today); // the day that has the focus; its month is shown
  const grid = useRef(null);
  useLayoutEffect(() => grid.current.querySelector("[tabindex='0']").focus(), [at]);
  const [year, month, day] = at.split("-").map(Number);
  const first = new Date(year, month - 1, 1);
  const before = (first.getDay() + WEEK - 1) % WEEK;
  const days = new Date(year, month, 0).getDate();
  const cells = Array.from({ length: Math.ceil((before + days) / WEEK) * WEEK }, (_, cell) => cell - before + 1);
  const weeks = Array.from({ length: cells.length / WEEK }, (_, row) => cells.slice(row * WEEK, (row + 1) * WEEK));
  const say = (options, date) => new Intl.DateTimeFormat(language(), options).format(date);
  const turn = (months) => setAt(dayText(new Date(year, month - 1 + months, Math.min(day, new Date(year, month + months, 0).getDate()))));
  const key = (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "PageUp" || event.key === "PageDown") turn(event.key === "PageUp" ? -1 : 1);
    else if (event.key in STEPS) setAt(dayText(new Date(year, month - 1, day + STEPS[event.key])));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`
    <div class="month" role="dialog" aria-label=${t("date.choose")} onKeyDown=${key}>
      <p class="month-head">
        <button type="button" class="button icon-only quiet back" aria-label=${t("date.month_before")} onClick=${() => turn(-1)}><${Icon} name="down" /></button>
        <b role="status">${say({ year: "numeric", month: "long" }, first)}</b>
        <button type="button" class="button icon-only quiet on" aria-label=${t("date.month_after")} onClick=${() => turn(1)}><${Icon} name="down" /></button>
      </p>
      <table ref=${grid}>
        <thead><tr>${[1, 2, 3, 4, 5, 6, 7].map((weekday) => html`<th scope="col" key=${weekday}>${say({ weekday: "narrow" }, new Date(2024, 0, weekday))}</th>`)}</tr></thead>
        <tbody>${weeks.map((week) => html`<tr key=${week[0]}>${week.map((number) => html`<td key=${number}>${number > 0 && number <= days && html`<${Day} date=${new Date(year, month - 1, number)} at=${at} chosen=${chosen} today=${today} pick=${pick} />`}</td>`)}</tr>`)}</tbody>
      </table>
    </div>
  `;
}

function Day({ date, at, chosen, today, pick }) {
  const text = dayText(date);
  const said = new Intl.DateTimeFormat(language(), { dateStyle: "full" }).format(date);
  return html`<button type="button" class="day figures" tabindex=${text === at ? 0 : -1} aria-label=${said} aria-pressed=${text === chosen} aria-current=${text === today ? "date" : undefined} onClick=${() => pick(text)}>${date.getDate()}</button>`;
}
