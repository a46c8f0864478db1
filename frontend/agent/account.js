// Signing in and out over HTTP. The token lives in this tab only and survives a reload.

const SESSION = "/api/v1/session";
const STORED = "jackfield.token";

export const storedToken = () => sessionStorage.getItem(STORED);
export const forgetToken = () => sessionStorage.removeItem(STORED);

/** Resolves with the token; rejects with an Error whose message is a text key. */
export async function signIn(account, password) {
  let response;
  try {
    response = await fetch(SESSION, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ account, password }),
    });
  } catch {
    throw new Error("sign_in.unreachable");
  }
  if (!response.ok) throw new Error(problem(response.status));
  const { token } = await response.json();
  sessionStorage.setItem(STORED, token);
  return token;
}

export async function signOut(token) {
  forgetToken();
  try {
    await fetch(SESSION, { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
  } catch (error) {
    console.warn("the token could not be withdrawn; it expires by itself", error);
  }
}

function problem(status) {
  if (status === 400 || status === 401 || status === 403 || status === 422) return "sign_in.wrong";
  return status === 429 ? "sign_in.too_often" : "sign_in.failed";
}
