// Who is signed in: a short access token in memory, a rotating refresh token in local storage.

const REFRESH_KEY = "vignette.refresh";
const AUTH = "/_allauth/app/v1";
const EARLY_SECONDS = 20; // refresh this long before the access token ends

/** Fires "change" when somebody signs in or out, here or in another tab. */
export const sessionEvents = new EventTarget();
export const session = { me: null };
let access = null;
let accessEndsAt = 0;
let refreshing = null;

export class SignedOut extends Error {}

export function isSignedIn() {
  return localStorage.getItem(REFRESH_KEY) !== null;
}

/** Keep the tokens of a sign-up, log-in or refresh answer. */
export function keepTokens({ access_token, refresh_token }) {
  access = access_token;
  accessEndsAt = expiryOf(access_token);
  if (refresh_token) localStorage.setItem(REFRESH_KEY, refresh_token);
}

/** Return a valid access token, refreshing it first where needed; raises SignedOut when the session is over. */
export async function accessToken({ renew = false } = {}) {
  if (!renew && access && Date.now() / 1000 < accessEndsAt - EARLY_SECONDS) return access;
  refreshing ??= exclusively(refresh).finally(() => { refreshing = null; });
  return refreshing;
}

/** Forget the session in this browser and tell the page. */
export function forgetSession() {
  const wasSignedIn = isSignedIn();
  access = null;
  session.me = null;
  localStorage.removeItem(REFRESH_KEY);
  if (wasSignedIn) sessionEvents.dispatchEvent(new Event("change"));
}

/** End the session on the server too; the browser forgets it even when the server cannot be reached. */
export async function logOut() {
  const token = await accessToken().catch(() => null);
  if (token) {
    await fetch(`${AUTH}/auth/session`, { method: "DELETE", headers: { Authorization: `Bearer ${token}` } }).catch(() => {});
  }
  forgetSession();
}

// A replayed refresh token revokes the session, so tabs take turns and each reads the newest token.
function exclusively(work) {
  return navigator.locks ? navigator.locks.request("vignette.refresh", work) : work();
}

async function refresh() {
  const token = localStorage.getItem(REFRESH_KEY);
  if (!token) throw new SignedOut();
  const response = await fetch(`${AUTH}/tokens/refresh`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ refresh_token: token }),
  });
  if ([400, 401, 403].includes(response.status)) {
    forgetSession();
    throw new SignedOut();
  }
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  keepTokens((await response.json()).data);
  return access;
}

function expiryOf(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).exp;
  } catch {
    return Date.now() / 1000 + 60; // not a JWT: use it for a minute, then ask again
  }
}

window.addEventListener("storage", ({ key, oldValue, newValue }) => {
  if (key !== REFRESH_KEY || (oldValue === null) === (newValue === null)) return;
  access = null;
  session.me = null;
  sessionEvents.dispatchEvent(new Event("change"));
});
