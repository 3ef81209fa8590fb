// Requests to the API, with the token that this tab keeps.

const KEY = "workstation.token";
const TIMEOUT_MS = 8000;

export const token = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  keep: (text) => sessionStorage.setItem(KEY, text),
  forget: () => sessionStorage.removeItem(KEY),
};

export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export async function ask(path, method = "GET", body = undefined) {
  const headers = { Authorization: `Bearer ${token.get()}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new ApiError(0, "The workstation cannot be reached.");
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(answer.status, told.detail ?? `The answer was ${answer.status}.`);
  return told;
}

export const view = (path) => ask(`/api/v1/${path}`);
export const command = (path, body = {}) => ask(`/api/v1/${path}`, "POST", body);
