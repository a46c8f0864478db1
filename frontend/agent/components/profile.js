// The customer as a person: what is known of them, who may be the same, and who was merged with them.
import { Action, SureAction } from "../../lib/controls.js";
import { t, tCode } from "../../lib/i18n.js";
import { Icon } from "../../lib/icons.js";
import { dateTime } from "../../lib/time.js";
import { html, useEffect, useState } from "../../lib/ui.js";
import { changeProfile, profileOf } from "../customers.js";

/** `news` changes when somebody else has changed the customer; `changed` is called when it was done here. */
export function Profile({ customer, news, changed }) {
  const [profile, setProfile] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    const stop = new AbortController();
    profileOf(customer).then((found) => stop.signal.aborted || setProfile(found));
    return () => stop.abort();
  }, [customer, news]);
  if (!profile) return null;
  const act = async (path, method, body) => {
    const { profile: found, problem: wrong } = await changeProfile(`${customer}/${path}`, method, body);
    setProblem(wrong);
    if (found) {
      setProfile(found);
      changed();
    }
  };
  const { attributes, merged, matches } = profile;
  return html`
    <div class="profile">
      <${Attributes} attributes=${attributes} may=${profile.may_edit} act=${act} />
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${matches.map((match) => html`<${Match} key=${match.customer_id} match=${match} act=${act} />`)}
      ${merged.map((one) => html`<${Merged} key=${one.customer_id} one=${one} may=${profile.may_merge} act=${act} />`)}
    </div>
  `;
}

function Attributes({ attributes, may, act }) {
  const [adding, setAdding] = useState(false);
  const put = (name, value) => act(`attributes/${encodeURIComponent(name)}`, "PUT", { value });
  const add = async (event) => {
    event.preventDefault();
    const { name, value } = event.target.elements;
    await put(name.value.trim(), value.value.trim());
    setAdding(false);
  };
  if (!attributes.length && !may) return null;
  return html`
    <dl class="attributes" aria-label=${t("profile.attributes")}>
      ${attributes.map(({ name, value, by, at, customer_id }) => html`
        <div key=${customer_id + name} title=${t("profile.by", { who: by, when: dateTime(at) })}>
          <dt><bdi>${name}</bdi></dt>
          <dd><bdi>${value}</bdi>${may && html`<${Action} class="button icon-only quiet small" aria-label=${t("profile.remove", { name })} act=${() => put(name, null)}><${Icon} name="cross" /></${Action}>`}</dd>
        </div>`)}
    </dl>
    ${may && !adding && html`<button type="button" class="link" onClick=${() => setAdding(true)}>${t("profile.add")}</button>`}
    ${adding && html`
      <form class="attribute-form" onSubmit=${add} onKeyDown=${({ key }) => key === "Escape" && setAdding(false)}>
        <label>${t("profile.name")}<input name="name" required maxlength="40" autocomplete="off" autofocus /></label>
        <label>${t("profile.value")}<input name="value" required maxlength="1000" autocomplete="off" /></label>
        <button class="button small">${t("profile.save")}</button>
        <button type="button" class="button small quiet" onClick=${() => setAdding(false)}>${t("sheet.cancel")}</button>
      </form>`}
  `;
}

function Match({ match, act }) {
  const { customer_id, clues, interactions, last_at } = match;
  return html`
    <section class="match" aria-label=${t("profile.match")}>
      <p class="match-head"><${Icon} name="people" /><b>${t("profile.match")}</b></p>
      <ul class="clues">${clues.map(({ kind, value }) => html`<li><span>${t(`profile.clue_${kind}`)}</span> <bdi>${value}</bdi></li>`)}</ul>
      <p class="quiet-text">${t("profile.past", { count: interactions })}${last_at && html` · ${dateTime(last_at)}`}</p>
      <${SureAction} class="button small" sure=${t("profile.merge_sure")} act=${() => act("merge", "POST", { customer_id })}>${t("profile.merge")}</${SureAction}>
    </section>
  `;
}

function Merged({ one, may, act }) {
  const { customer_id, identities, by, at } = one;
  return html`
    <section class="match merged" aria-label=${t("profile.merged")}>
      <p class="match-head"><${Icon} name="check" /><b>${t("profile.merged")}</b> <span class="quiet-text">${t("profile.by", { who: by, when: dateTime(at) })}</span></p>
      <ul class="clues">${identities.map(({ kind, value }) => html`<li><span>${tCode("identity", kind)}</span> <bdi>${kind === "visitor" ? value.slice(0, 8) : value}</bdi></li>`)}</ul>
      ${may && html`<${SureAction} class="button small quiet" sure=${t("profile.unmerge_sure")} act=${() => act("unmerge", "POST", { customer_id })}>${t("profile.unmerge")}</${SureAction}>`}
    </section>
  `;
}
