// Signing in and out over HTTP. The token lives in this tab only and survives a reload.

import { nodes } from "./nodes.js";

const SESSION = "/api/v1/session";
const STORED = "jackfield.token";
const AGENT = "jackfield.agent";
const PROBLEMS = {
  400: "sign_in.wrong",
  401: "sign_in.wrong",
  422: "sign_in.wrong",
  429: "sign_in.too_often",
};

export const storedToken = () => sessionStorage.getItem(STORED);
/** Whose token it is, "" for nobody who takes work. */
export const storedAgent = () => sessionStorage.getItem(AGENT) ?? "";
export const forgetToken = () => sessionStorage.removeItem(STORED);

/**
 * Resolves with the token; rejects with an Error whose message is a text key.
 * `unfit` says of {role, agent_id} why this page is not for them (a text key), or nothing.
 */
export async function signIn(account, password, unfit) {
  let response;
  try {
    response = await fetch(nodes.url(SESSION), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ account, password }),
    });
  } catch {
    throw new Error("sign_in.unreachable");
  }
  if (!response.ok) throw new Error(problem(response.status));
  const session = await response.json();
  const why = unfit(session);
  if (why) {
    await signOut(session.token);
    throw new Error(why);
  }
  sessionStorage.setItem(STORED, session.token);
  sessionStorage.setItem(AGENT, session.agent_id ?? "");
  return session.token;
}

export async function signOut(token) {
  forgetToken();
  try {
    await fetch(nodes.url(SESSION), { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
  } catch (error) {
    console.warn("the token could not be withdrawn; it expires by itself", error);
  }
}

function problem(status) {
  return PROBLEMS[status] ?? "sign_in.failed";
}
