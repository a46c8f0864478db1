// The dialog in which an agent writes, changes and removes canned replies of their own.
import { SureAction } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { InfoSheet } from "../../lib/sheet.js";
import { html, useState } from "../../lib/ui.js";
import { keepReply, removeReply } from "../own-replies.js";

const NEW = { name: "", title: "", text: "" };

/** `text`: what is being written now, to begin with. */
export function OwnReplies({ store, items, text = "", close }) {
  const [draft, setDraft] = useState({ ...NEW, text });
  const [problem, setProblem] = useState(null);
  const write = (key) => ({ target }) => setDraft({ ...draft, [key]: target.value });
  const save = async (event) => {
    event.preventDefault();
    const wrong = await keepReply(store, draft.name.trim(), { title: draft.title.trim() || draft.name.trim(), text: draft.text.trim() });
    setProblem(wrong);
    if (!wrong) setDraft(NEW);
  };
  const remove = async (name) => setProblem(await removeReply(store, name));
  return html`
    <${InfoSheet} heading=${t("own_replies.heading")} close=${close}>
      <p class="quiet-text">${t("own_replies.hint")}</p>
      ${items.length === 0 && html`<p class="quiet-text">${t("own_replies.none")}</p>`}
      <ul class="own-replies">${items.map((one) => html`
        <li key=${one.name}>
          <p><b><bdi>/${one.name}</bdi></b> <span><bdi>${one.title}</bdi></span><small><bdi>${one.text}</bdi></small></p>
          <button type="button" class="button icon-only quiet" aria-label=${t("own_replies.edit", { name: one.name })} title=${t("own_replies.edit", { name: one.name })} onClick=${() => setDraft({ ...one })}><${Icon} name="note" /></button>
          <${SureAction} class="button quiet" sure=${t("own_replies.remove_sure")} aria-label=${t("own_replies.remove", { name: one.name })} act=${() => remove(one.name)}><${Icon} name="cross" /></${SureAction}>
        </li>`)}</ul>
      <form class="own-reply" onSubmit=${save}>
        <label>${t("own_replies.name")}<input name="name" required maxlength="40" autocomplete="off" autofocus value=${draft.name} onInput=${write("name")} /></label>
        <label>${t("own_replies.title")}<input name="title" maxlength="100" autocomplete="off" value=${draft.title} onInput=${write("title")} /></label>
        <label class="wide">${t("own_replies.text")}<textarea name="text" required rows="3" maxlength="4000" value=${draft.text} onInput=${write("text")}></textarea></label>
        <p class="problem" role="alert">${problem}</p>
        <button class="button primary">${t("own_replies.save")}</button>
      </form>
    </${InfoSheet}>
  `;
}
