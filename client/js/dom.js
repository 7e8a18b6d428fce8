// Elements from data. Text only ever becomes a text node, so nothing a person typed can become markup.

const SVG = "http://www.w3.org/2000/svg";
const SAFE_PROTOCOLS = new Set(["http:", "https:", "blob:"]);
const LINK_PROPERTIES = new Set(["href", "src", "poster"]);

/**
 * Return a new element. In `props`, functions are listeners (`onclick`), `dataset` and `style` take
 * objects, null and false are left out, true is an empty attribute, all else is an attribute.
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) setProperty(element, name, value);
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

function setProperty(element, name, value) {
  if (value == null || value === false) return;
  if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "style") for (const [key, css] of Object.entries(value)) element.style.setProperty(key, css);
  else if (LINK_PROPERTIES.has(name)) element.setAttribute(name, safeUrl(value));
  else element.setAttribute(name, value === true ? "" : value);
}

/** Return the address when a browser may follow it, and a harmless fragment otherwise. */
export function safeUrl(value) {
  const text = String(value);
  try {
    return SAFE_PROTOCOLS.has(new URL(text, location.href).protocol) ? text : "#";
  } catch {
    return "#";
  }
}

/** Put exactly these children into the element. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** Return a 24-unit line icon; decorative, so the control around it carries the name. */
export function icon(name, className = "icon") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Return a progress ring; `set(percent)` moves it. */
export function ring() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("class", "ring");
  svg.setAttribute("aria-hidden", "true");
  const [track, bar] = ["ring-track", "ring-bar"].map((className) => {
    const circle = document.createElementNS(SVG, "circle");
    for (const [key, value] of [["cx", 50], ["cy", 50], ["r", 45], ["pathLength", 100]]) circle.setAttribute(key, value);
    circle.setAttribute("class", className);
    return circle;
  });
  svg.append(track, bar);
  const set = (percent) => bar.style.setProperty("stroke-dashoffset", String(100 - percent));
  set(0);
  return { element: svg, set };
}

const ICONS = {
  home: "M4 10.5 12 4l8 6.5V19a1 1 0 0 1-1 1h-4.5v-6h-5v6H5a1 1 0 0 1-1-1z",
  plus: "M12 5v14M5 12h14",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.8-3.6 3.7-5.5 7.5-5.5s6.7 1.9 7.5 5.5",
  heart: "M12 20s-7.5-4.6-7.5-10A4.3 4.3 0 0 1 12 7.3 4.3 4.3 0 0 1 19.5 10c0 5.4-7.5 10-7.5 10z",
  remix: "M4 8h11l-3-3M20 16H9l3 3M4 8v4M20 16v-4",
  share: "M12 15V4M8 7.5 12 3.5l4 4M6 11.5H5v8h14v-8h-1",
  more: "M4 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0zM11 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0zM18 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0z",
  sound: "M4 9.5v5h3.5L12 18V6L7.5 9.5zM15.5 9a4 4 0 0 1 0 6M18 6.5a7.5 7.5 0 0 1 0 11",
  muted: "M4 9.5v5h3.5L12 18V6L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5",
  captions: "M4 6h16v12H4zM10.5 10.6a2 2 0 1 0 0 2.8M17 10.6a2 2 0 1 0 0 2.8",
  back: "M14.5 5 7.5 12l7 7",
  close: "M6 6l12 12M18 6 6 18",
  play: "M8 5.5v13l10.5-6.5z",
  flag: "M6 21V4h11l-2.5 4 2.5 4H6",
  download: "M12 4v11M8 11l4 4 4-4M5 19.5h14",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.2 10.5v6M13.8 10.5v6",
  spark: "M12 3.5l1.9 5.6 5.6 1.9-5.6 1.9L12 18.5l-1.9-5.6L4.5 11l5.6-1.9zM19 17v4M17 19h4",
  seal: "M12 3l2.3 1.7 2.9-.1.8 2.8 2.4 1.6-1 2.7 1 2.7-2.4 1.6-.8 2.8-2.9-.1L12 20.4l-2.3-1.7-2.9.1-.8-2.8-2.4-1.6 1-2.7-1-2.7L6 7.4l.8-2.8 2.9.1zM8.8 11.8l2.3 2.3 4.2-4.6",
  branch: "M7 8.5v7M7 8.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM7 20.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM17 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM17 10.5c0 4-5 3.5-9 5.5",
  gear: "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.2 2.2M16.2 16.2l2.2 2.2M5.6 18.4l2.2-2.2M16.2 7.8l2.2-2.2",
  copy: "M9 9h10v11H9zM15 9V5H5v11h4",
  check: "M5 12.5l4.5 4.5L19 7.5",
  eyeoff: "M4 4l16 16M9.5 6a9.5 9.5 0 0 1 2.5-.4c5 0 8.5 4.4 9.5 6.4a14 14 0 0 1-2.7 3.5M6.3 7.7A14 14 0 0 0 2.5 12c1 2 4.5 6.4 9.5 6.4 1.5 0 2.9-.4 4.1-1M10 10a2.8 2.8 0 0 0 4 4",
  refresh: "M19.5 12a7.5 7.5 0 1 1-2.4-5.5M19.5 4v4h-4",
};
