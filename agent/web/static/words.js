// The page's words in the document's language, and figures and times as that language writes them.

export const language = document.documentElement.lang;
let words = { page: {}, state: {} };

export async function loadWords() {
  words = await (await fetch(`/words/${language}`)).json();
}

export function say(code, fields = {}) {
  const text = words.page[code] ?? code.replaceAll("_", " ");
  return text.replace(/\{(\w+)\}/g, (_, name) => fields[name] ?? "");
}

export function stateName(state) {
  return words.state[state] ?? state;
}

export const NONE = "–";

// Three significant digits.
export function figure(value, unit = "") {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  const text = size !== 0 && size < 0.001 ? value.toExponential(1) : value.toFixed(digits);
  return unit ? `${text} ${unit}` : text;
}

export function count(value) {
  return new Intl.NumberFormat(language).format(value);
}

const CLOCK = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const DAY = new Intl.DateTimeFormat(language, {
  month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false,
});

export function clock(seconds) {
  return CLOCK.format(new Date(seconds * 1000));
}

export function moment(text) {
  return text ? DAY.format(new Date(text)) : NONE;
}

// "12 min": how long ago a moment was.
export function ago(text) {
  return text ? lasting((Date.now() - new Date(text)) / 1000) : NONE;
}

export function lasting(seconds) {
  const s = Math.max(0, seconds);
  if (s < 90) return say("seconds", { count: Math.round(s) });
  if (s < 5400) return say("minutes", { count: Math.round(s / 60) });
  if (s < 129600) return say("hours", { count: Math.round(s / 3600) });
  return say("days", { count: Math.round(s / 86400) });
}
