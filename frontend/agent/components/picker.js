// A list of choices that opens while a word behind a sign ("/" or "@") is typed: a combobox by WAI-ARIA 1.2.
import { html, useEffect, useState } from "../../lib/ui.js";

/**
 * `find(word)` gives [{id, title, hint, text}]; the text of the one that is picked takes the word's place.
 * Gives the list to draw, attributes of the field, and `key`, which says whether it took a key for itself.
 */
export function usePicker({ id, field, sign, find, change }) {
  const [word, setWord] = useState(null); // {text, from}: what is typed behind the sign, and where the sign stands
  const [at, setAt] = useState(0);
  const options = word ? find(word.text).slice(0, 8) : [];
  const open = options.length > 0;
  const current = Math.min(at, options.length - 1);
  useEffect(() => void document.getElementById(`${id}-${current}`)?.scrollIntoView({ block: "nearest" }), [current, open]);

  const follow = () => {
    const { value, selectionStart } = field.current;
    const [, before, text] = new RegExp(`^([\\s\\S]*?(?:^|\\s))[${sign}]([^\\s${sign}]{0,40})$`, "u").exec(value.slice(0, selectionStart)) ?? [];
    setWord(text === undefined ? null : { text, from: before.length });
    setAt(0);
  };
  const pick = (option) => {
    const { value } = field.current;
    const end = word.from + 1 + word.text.length;
    const text = value.slice(0, word.from) + option.text + value.slice(end);
    const caret = word.from + option.text.length;
    change(text);
    setWord(null);
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(caret, caret);
    });
  };
  const key = (event) => {
    if (!open || event.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((current + step + options.length) % options.length);
    else if (event.key === "Enter" || event.key === "Tab") pick(options[current]);
    else if (event.key === "Escape") setWord(null);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  const attributes = {
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": open,
    "aria-controls": id,
    "aria-activedescendant": open ? `${id}-${current}` : undefined,
  };
  const list = (name) => html`
    <ul class="picker" id=${id} role="listbox" aria-label=${name} hidden=${!open}>
      ${options.map((option, index) => html`
        <li key=${option.id} id=${`${id}-${index}`} role="option" aria-selected=${index === current}
          onMouseDown=${(event) => (event.preventDefault(), pick(option))} onMouseMove=${() => setAt(index)}>
          <b>${sign}${option.id}</b> <span>${option.title}</span>${option.hint && html`<small>${option.hint}</small>`}
        </li>`)}
    </ul>
  `;
  return { attributes, list, key, follow, close: () => setWord(null) };
}
