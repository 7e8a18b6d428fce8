// The address after # chooses the page: `#/u/mira` → the route "/u/:name" with {name: "mira"}.

const routes = [];

/** Add a page. `open(params)` returns {element, title, close?}; `isPublic` pages are for strangers alone, `forAll` pages for everybody. */
export function route(pattern, open, { isPublic = false, forAll = false, tab = "" } = {}) {
  const names = [];
  const source = pattern.replace(/:(\w+)/g, (_, name) => (names.push(name), "([^/]+)"));
  routes.push({ expression: new RegExp(`^${source}$`), names, open, isPublic, forAll, tab });
}

/** Return {open, params, isPublic, forAll, tab} of the address, or null when no page has it. */
export function match(hash) {
  const [path, search = ""] = (hash.replace(/^#/, "") || "/").split("?");
  for (const { expression, names, ...page } of routes) {
    const found = expression.exec(path);
    if (!found) continue;
    const params = Object.fromEntries(names.map((name, index) => [name, decoded(found[index + 1])]));
    return { ...page, params: { ...params, ...Object.fromEntries(new URLSearchParams(search)) } };
  }
  return null;
}

/** Go to a page; `replace` leaves no step back to this one. */
export function go(path, { replace = false } = {}) {
  if (replace) location.replace(`#${path}`);
  else location.hash = path;
}

/** Go back, or to `fallback` when this is where the visit began. */
export function goBack(fallback = "/") {
  if (history.length > 1) history.back();
  else go(fallback, { replace: true });
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
