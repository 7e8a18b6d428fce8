// Every request to the server, and every failure as one kind of error with a sentence and its fields.

import { accessToken, SignedOut } from "./session.js";

const API = "/api/v1";
const AUTH = "/_allauth/app/v1";

/** A refused request: `message` is a sentence for people, `fields` maps a field to its sentence. */
export class ApiError extends Error {
  constructor(status, body) {
    const listed = (body?.errors ?? []).map(({ field, param, code, message }) => ({ field: field ?? param ?? "", code, message }));
    super(body?.detail || body?.title || listed[0]?.message || sentenceFor(status));
    this.status = status;
    this.code = body?.code ?? listed[0]?.code ?? "";
    this.body = body ?? {};
    this.fields = new Map(listed.filter(({ field }) => field).map(({ field, message }) => [field, message]));
    this.general = listed.filter(({ field }) => !field).map(({ message }) => message).join(" ");
  }
}

export const get = (path, options) => request("GET", API + path, options);
export const post = (path, body, options) => request("POST", API + path, { body, ...options });
export const put = (path, body) => request("PUT", API + path, { body });
export const patch = (path, body) => request("PATCH", API + path, { body });
export const remove = (path) => request("DELETE", API + path);
/** Ask without a token: what the public may ask. */
export const getPublic = (path) => request("GET", API + path, { isPublic: true });
export const postPublic = (path, body) => request("POST", API + path, { body, isPublic: true });

/** Ask the account machinery; answers of 401 with a pending step are returned, not raised. */
export async function auth(path, body, { method = "POST", sessionToken } = {}) {
  const headers = { "Content-Type": "application/json" };
  if (sessionToken) headers["X-Session-Token"] = sessionToken;
  const response = await reach(AUTH + path, { method, headers, body: JSON.stringify(body) });
  const answer = await bodyOf(response);
  const pending = answer?.data?.flows?.find((flow) => flow.is_pending);
  if (response.ok || (response.status === 401 && pending)) return { ...answer, pending };
  throw new ApiError(response.status, answer);
}

/** Return the signed-in fetch of an address of ours, renewing the access token once. */
export async function authorized(path, { headers = {}, ...options } = {}) {
  const ask = async (renew) => {
    const token = await accessToken({ renew }).catch(raiseUnreachable);
    return reach(path, { ...options, headers: { ...headers, Authorization: `Bearer ${token}` } });
  };
  const response = await ask(false);
  return response.status === 401 ? ask(true) : response;
}

async function request(method, path, { body, key, signal, isPublic = false } = {}) {
  const headers = { Accept: "application/json" };
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const options = { method, headers, signal, body: body === undefined || isForm ? body : JSON.stringify(body) };
  const response = await (isPublic ? reach(path, options) : authorized(path, options));
  const answer = await bodyOf(response);
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}

function reach(path, options) {
  return fetch(path, options).catch(raiseUnreachable);
}

function raiseUnreachable(error) {
  throw error instanceof SignedOut || error.name === "AbortError" ? error : new ApiError(0, null);
}

async function bodyOf(response) {
  const isJson = /json/.test(response.headers.get("Content-Type") ?? "");
  return isJson && response.status !== 204 ? response.json() : null;
}

function sentenceFor(status) {
  if (status === 0) return "The server cannot be reached. Check the connection and try again.";
  if (status === 401) return "Please log in again.";
  if (status === 429) return "That was a little fast. Please wait a moment.";
  return `Something went wrong (${status}).`;
}
