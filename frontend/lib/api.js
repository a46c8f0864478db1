// Requests to /api/v1 in the name of whoever is signed in.
import { storedToken } from "./account.js";

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
  const headers = { Authorization: `Bearer ${storedToken()}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(`/api/v1/${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, parsed(text));
  return text ? JSON.parse(text) : null;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {}; // a proxy's page, perhaps
  }
}
