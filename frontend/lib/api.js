// Requests to /api/v1 in the name of whoever is signed in.
import { storedToken } from "./account.js";
import { nodes } from "./nodes.js";

/** An answer of 400 and above; `problem` is its body (RFC 9457), `code` the stable end of its type. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `status ${status}`);
    this.status = status;
    this.problem = problem;
    this.code = problem.type?.split(":").at(-1).replaceAll("-", "_") ?? "failed";
  }
}

/** The JSON of the answer, null without one. Rejects with an ApiError, or a TypeError when nobody answers. */
export async function api(path, { method = "GET", body } = {}) {
  const response = await request(path, method, body);
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, parsed(text));
  return text ? JSON.parse(text) : null;
}

/** Gives each line of an answer that comes line by line, as it comes. Rejects as `api` does, or when `signal` aborts. */
export async function lines(path, { body, signal, onLine }) {
  const response = await request(path, "POST", body, signal);
  if (!response.ok) throw new ApiError(response.status, parsed(await response.text()));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const whole = (rest + value).split("\n");
    rest = whole.pop();
    for (const line of whole) onLine(JSON.parse(line));
  }
}

/** The same, with the audit entry of what was done, null without one. */
export async function apiSigned(path, { method = "POST", body } = {}) {
  const response = await request(path, method, body);
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, parsed(text));
  const entry = Number(response.headers.get("Audit-Entry")) || null;
  return { answer: text ? JSON.parse(text) : null, entry };
}

/** Saves the answer as a file of the name that the server gives it. Rejects as `api` does. */
export async function download(path) {
  const response = await request(path, "GET");
  if (!response.ok) throw new ApiError(response.status, parsed(await response.text()));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function request(path, method, body, signal) {
  const headers = { Authorization: `Bearer ${storedToken()}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return fetch(nodes.url(`/api/v1/${path}`), { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {}; // a proxy's page, perhaps
  }
}
