import { signIn } from "./account.js";
import { t } from "./i18n.js";
import { Mark } from "./icons.js";
import { LanguageSwitch } from "./language.js";
import { html, useEffect, useRef, useState } from "./ui.js";

/** `heading` and `why` are text keys; `unfit` says who may not use the page; `onToken` begins the work. */
export function SignIn({ heading, why, unfit, onSubmit, onToken, onLanguage }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(why);
  const first = useRef(null);
  useEffect(() => first.current.focus(), []);
  const submit = async (event) => {
    event.preventDefault();
    const { account, password } = event.target.elements;
    setBusy(true);
    setProblem(null);
    onSubmit?.();
    try {
      onToken(await signIn(account.value.trim(), password.value, unfit));
    } catch (error) {
      setProblem(error.message);
      setBusy(false);
      password.select();
    }
  };
  return html`
    <main class="sign-in">
      <form class="card" onSubmit=${submit} aria-labelledby="sign-in-heading">
        <p class="brand"><${Mark} /> Jackfield</p>
        <h1 id="sign-in-heading">${t(heading)}</h1>
        <label>${t("sign_in.account")}<input ref=${first} name="account" autocomplete="username" autocapitalize="none" spellcheck=${false} required maxlength="64" /></label>
        <label>${t("sign_in.password")}<input name="password" type="password" autocomplete="current-password" required maxlength="256" /></label>
        <p class="problem" role="alert">${problem && t(problem)}</p>
        <button class="button primary large" disabled=${busy} aria-busy=${busy}>${busy ? t("sign_in.busy") : t("sign_in.submit")}</button>
      </form>
      <${LanguageSwitch} onLanguage=${onLanguage} />
    </main>
  `;
}
