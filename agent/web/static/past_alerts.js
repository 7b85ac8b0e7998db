// Alerts that have ended, the latest first, some at a time: what each said, what became of it, and what is kept of it.

import { el, setText, show } from "./dom.js";
import { press } from "./ask.js";
import { moment, say } from "./words.js";
import { drawWindow, evidenceOf, reportLink, windowDetails } from "./alert_parts.js";
import { replaced, showWord, verdict } from "./verdict.js";

// `by()`: who looks, or null.
export function pastAlerts(main, by) {
  const choice = el("select", { "aria-label": say("of_sensor") }, el("option", { value: "" }, say("of_all_sensors")));
  const list = el("ul", { class: "alerts past" });
  const note = el("p", { class: "quiet", role: "status" });
  const more = el("button", { type: "button", hidden: true }, say("older"));
  main.append(el("section", {}, el("div", { class: "section-head" }, el("h2", {}, say("past_alerts")), choice), list, note, more));
  let before = null;
  let asked = 0;
  let isThere = false;

  async function load(isAnew) {
    const number = ++asked;
    const query = new URLSearchParams({ sensor: choice.value, ...(isAnew ? {} : { before }) });
    const answer = await fetch(`/alerts/past?${query}`).catch(() => null);
    const told = (await answer?.json().catch(() => null)) ?? { error: say("page_away") };
    if (number !== asked) return;
    if (isAnew) clear();
    list.append(...(told.alerts ?? []).map((one) => make(one, told.titles, by)));
    before = told.before ?? null;
    show(more, before !== null);
    setText(note, told.error ?? (list.children.length ? "" : say("no_past_alerts")));
  }

  function clear() {
    for (const row of list.children) row.charts?.remove();
    list.replaceChildren();
  }

  choice.addEventListener("change", () => load(true));
  more.addEventListener("click", () => load(false));
  return {
    // The sensors that there are now, and whether an alert has just ended.
    know(sensors, hasEnded) {
      const known = new Set([...choice.options].map((option) => option.value));
      for (const { id } of sensors) if (!known.has(id)) choice.append(el("option", { value: id }, id));
      if (!isThere || hasEnded) load(true);
      isThere = true;
    },
    remove: clear,
  };
}

function make(alert, titles, by) {
  const time = (seconds) => (seconds === null ? say("unknown_time") : moment(seconds * 1000));
  const where = [alert.machine_name ?? alert.machine, alert.sensor, alert.bearing ? say("bearing", { bearing: alert.bearing }) : ""];
  const times = [say("opened", { time: moment(alert.opened) }), say("over_since", { time: time(alert.closed) })];
  const events = alert.events.map((one) =>
    el("li", {}, el("span", { class: "quiet" }, `${time(one.time)} `), [one.what, one.by].filter(Boolean).join(" · ")),
  );
  const raw = windowDetails(alert, "");
  raw.isKept = alert.kept;
  const row = el(
    "li", { class: "alert panel", id: `past-${alert.id}` },
    el("div", { class: "alert-head" }, el("h3", {}, alert.text.title), el("span", { class: "quiet" }, say(`severity_${alert.severity}`))),
    el("p", { class: "quiet" }, [...where.filter(Boolean), ...times].join(" · ")),
    el("p", { class: "sentence" }, alert.text.sentence),
    el("ul", { class: "events" }, events),
    ...wordOf(alert, titles, by),
    el("details", {}, el("summary", {}, say("rested_on")), el("div", { class: "wide-evidence" }, evidenceOf(alert))),
    alert.kept ? raw : el("p", { class: "quiet" }, say("window_gone")),
    el("p", {}, reportLink(alert)),
  );
  drawWindow(raw);
  return row;
}

// What it was found to be; the agent publishes it, and learns from the windows if there are any.
function wordOf(alert, titles, by) {
  const said = el("p", { class: "found" });
  showWord(said, alert.was, titles);
  const out = el("p", { role: "status", class: "out" });
  const found = verdict();
  found.fill(titles);
  const keep = el("button", { type: "button", class: "keep-word" }, say("was_keep"));
  keep.addEventListener("click", async () => {
    const word = found.word();
    if (!word || !found.isChosen()) return;
    const isKept = await press(keep, { command: "acknowledge", alert: alert.id, by: by(), ...word }, out, (answer) => replaced(answer, word, titles));
    if (isKept) showWord(said, word.was, titles);
  });
  return [said, el("div", { class: "buttons" }, found, keep), out];
}
