// Open alerts with what they rest on, the raw window that raised each, and what a person does about them; below, past ones.

import { el, keyed, setText, show } from "./dom.js";
import { press } from "./ask.js";
import { moment, say } from "./words.js";
import { drawWindow, evidenceOf, reportLink, windowDetails } from "./alert_parts.js";
import { pastAlerts } from "./past_alerts.js";
import { replaced, showWord, verdict } from "./verdict.js";

const WHO = "textvib-who";
const SHELVES = ["1h", "8h", "1d", "7d"];

export function alerts(main, chosen) {
  const list = el("ul", { class: "alerts" });
  const none = el("p", { class: "quiet" }, say("no_alerts"));
  const who = el("input", { id: "who", maxlength: 60, autocomplete: "name", value: localStorage.getItem(WHO) ?? "" });
  who.addEventListener("change", () => localStorage.setItem(WHO, who.value));
  main.append(
    el("h1", {}, say("alerts")), none,
    el("p", { class: "who-row" }, el("label", { for: "who" }, say("who")), who), list,
  );
  const by = () => who.value.trim() || null;
  const past = pastAlerts(main, by);
  let open = new Set();
  return {
    query: "",
    overview(told) {
      const now = new Set(told.alerts.map((one) => one.id));
      past.know(told.sensors, [...open].some((id) => !now.has(id)));
      open = now;
      show(none, !told.alerts.length);
      show(who.parentElement, told.alerts.length > 0);
      const names = new Map(told.sensors.map((one) => [one.id, one.machine.name ?? one.id]));
      keyed(list, told.alerts, {
        key: (one) => one.id,
        make: (one) => make(one, by, chosen === one.id),
        update: (row, one) => update(row, one, names.get(one.sensor) ?? one.sensor, told.titles),
      });
    },
    remove() {
      for (const row of list.children) row.charts?.remove();
      past.remove();
    },
  };
}

function make(alert, by, isChosen) {
  const out = el("p", { role: "status", class: "out" });
  const found = verdict();
  const act = (label, command, className, hasWord = false) => {
    const made = el("button", { type: "button", class: className }, say(label));
    made.addEventListener("click", () => {
      const word = hasWord ? found.word() : {};
      if (word) press(made, { alert: alert.id, by: by(), ...command(), ...word }, out, (answer) => replaced(answer, word, row.titles ?? {}));
    });
    return made;
  };
  const howLong = el(
    "select", { "aria-label": say("shelve_for") },
    SHELVES.map((time) => el("option", { value: time, selected: time === "8h" }, say(`shelf_${time}`))),
  );
  const row = el(
    "li", { class: "alert panel", id: `alert-${alert.id}` },
    el("div", { class: "alert-head" }, el("h2"), el("span", { class: "badge" }), el("span", { class: "marks quiet" })),
    el("p", { class: "quiet where" }), el("p", { class: "sentence" }), el("p", { class: "advice" }),
    el("p", { class: "asks" }), el("p", { class: "found" }), el("div", { class: "evidence" }),
    el(
      "div", { class: "buttons" },
      found,
      act("acknowledge", () => ({ command: "acknowledge" }), "primary acknowledge", true),
      act("was_keep", () => ({ command: "acknowledge" }), "keep-word", true),
      el("span", { class: "together shelf" }, howLong, act("shelve", () => ({ command: "shelve", for: howLong.value }), "shelve")),
      act("unshelve", () => ({ command: "unshelve" }), "unshelve"),
      act("close", () => ({ command: "close" }), "close", true),
    ),
    out,
    windowDetails(alert, alert.sensor),
    el("p", {}, reportLink(alert)),
  );
  if (isChosen) queueMicrotask(() => row.scrollIntoView({ block: "start" }));
  return row;
}

function update(row, alert, machine, titles) {
  const find = (selector) => row.querySelector(selector);
  const isShelved = Boolean(alert.shelved_until);
  setText(find("h2"), alert.text.title);
  const badge = find(".badge");
  badge.dataset.state = alert.severity === "alarm" ? "fault" : "abnormal";
  setText(badge, say(`severity_${alert.severity}`));
  const marks = [
    alert.acknowledged ? say(alert.acknowledged_by ? "acknowledged_by" : "acknowledged", { by: alert.acknowledged_by ?? "" }) : "",
    isShelved ? say("shelved_until", { time: moment(alert.shelved_until) }) : "",
  ];
  setText(find(".marks"), marks.filter(Boolean).join(" · "));
  const where = [machine, alert.sensor, alert.bearing ? say("bearing", { bearing: alert.bearing }) : ""];
  setText(find(".where"), [...where.filter(Boolean), say("opened", { time: moment(alert.opened) })].join(" · "));
  setText(find(".sentence"), alert.text.sentence);
  setText(find(".advice"), alert.text.advice);
  setText(find(".asks"), alert.asks?.text ?? "");
  show(find(".asks"), Boolean(alert.asks));
  show(find(".acknowledge"), !alert.acknowledged);
  show(find(".keep-word"), alert.acknowledged);
  row.titles = titles;
  find(".verdict").fill(titles);
  showWord(find(".found"), alert.was, titles);
  show(find(".shelf"), !isShelved);
  show(find(".unshelve"), isShelved);
  const opened = find("details");
  opened.isKept = alert.kept;
  drawWindow(opened);
  const lines = JSON.stringify([alert.evidence, alert.nearest, alert.deviation]);
  if (row.dataset.evidence !== lines) {
    row.dataset.evidence = lines;
    find(".evidence").replaceChildren(evidenceOf(alert));
  }
}
