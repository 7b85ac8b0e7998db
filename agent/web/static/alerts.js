// Open alerts with what they rest on, the raw window that raised each, and what a person does about them.

import { el, keyed, setText, show } from "./dom.js";
import { press } from "./ask.js";
import { figure, moment, say } from "./words.js";
import { windowCharts } from "./window_charts.js";

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
  return {
    query: "",
    overview(told) {
      show(none, !told.alerts.length);
      show(who.parentElement, told.alerts.length > 0);
      const names = new Map(told.sensors.map((one) => [one.id, one.machine.name ?? one.id]));
      keyed(list, told.alerts, {
        key: (one) => one.id,
        make: (one) => make(one, by, chosen === one.id),
        update: (row, one) => update(row, one, names.get(one.sensor) ?? one.sensor),
      });
    },
    remove() {
      for (const row of list.children) row.charts?.remove();
    },
  };
}

function make(alert, by, isChosen) {
  const out = el("p", { role: "status", class: "out" });
  const act = (label, command, className) => {
    const made = el("button", { type: "button", class: className }, say(label));
    made.addEventListener("click", () => press(made, { alert: alert.id, by: by(), ...command() }, out));
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
    el("p", { class: "asks" }), el("div", { class: "evidence" }),
    el(
      "div", { class: "buttons" },
      act("acknowledge", () => ({ command: "acknowledge" }), "primary acknowledge"),
      el("span", { class: "together shelf" }, howLong, act("shelve", () => ({ command: "shelve", for: howLong.value }), "shelve")),
      act("unshelve", () => ({ command: "unshelve" }), "unshelve"),
      act("close", () => ({ command: "close" }), "close"),
    ),
    out,
    details(alert),
  );
  if (isChosen) queueMicrotask(() => row.scrollIntoView({ block: "start" }));
  return row;
}

// The raw window is fetched once somebody opens it, and once it is written: that takes a few seconds after an alert.
function details(alert) {
  const note = el("p", { class: "quiet" }, say("not_kept"));
  const box = el("div", { class: "window" }, note);
  const opened = el("details", {}, el("summary", {}, say("raw_window")), box);
  opened.addEventListener("toggle", () => draw(opened));
  return Object.assign(opened, { alert, box, note, isAsked: false });
}

async function draw(opened) {
  const { alert, box, note } = opened;
  if (!opened.open || !opened.isKept || opened.isAsked) return;
  opened.isAsked = true;
  const where = `/alerts/${encodeURIComponent(alert.id)}`;
  const answer = await fetch(`${where}/window?sensor=${encodeURIComponent(alert.sensor)}`).catch(() => null);
  const told = (await answer?.json().catch(() => null)) ?? { error: say("page_away") };
  if (!told.picture) {
    opened.isAsked = false;
    return setText(note, told.error);
  }
  note.remove();
  const charts = windowCharts(box);
  charts.draw(told.picture);
  opened.closest("li").charts = charts;
  box.append(el("p", {}, el("a", { href: `${where}/file`, download: told.name }, say("download", { name: told.name }))));
}

function update(row, alert, machine) {
  const find = (selector) => row.querySelector(selector);
  const isShelved = Boolean(alert.shelved_until);
  setText(find("h2"), alert.text.title);
  const badge = find(".badge");
  badge.dataset.state = alert.severity === "alarm" ? "fault" : "abnormal";
  setText(badge, say(`severity_${alert.severity}`));
  const marks = [
    alert.acknowledged ? say(alert.by ? "acknowledged_by" : "acknowledged", { by: alert.by ?? "" }) : "",
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
  show(find(".shelf"), !isShelved);
  show(find(".unshelve"), isShelved);
  const opened = find("details");
  opened.isKept = alert.kept;
  draw(opened);
  const lines = JSON.stringify([alert.evidence, alert.nearest, alert.deviation]);
  if (row.dataset.evidence !== lines) {
    row.dataset.evidence = lines;
    find(".evidence").replaceChildren(evidenceOf(alert));
  }
}

export function evidenceOf(said) {
  const evidence = said.evidence;
  const facts = el("dl", { class: "facts" });
  const fact = (label, value) => value && facts.append(el("div", {}, el("dt", {}, say(label)), el("dd", {}, value)));
  fact("deviation", said.deviation === null ? "" : say("times_limit", { times: figure(said.deviation) }));
  fact("nearest", said.nearest.map((one) => `${one.title} ${one.similarity.toFixed(2)}`).join(", "));
  if (evidence) {
    const velocity = evidence.velocity_rms.value;
    fact("velocity", velocity === null ? "" : `${figure(velocity, "mm/s")}${evidence.iso_zone ? ` · ${say("zone", { zone: evidence.iso_zone })}` : ""}`);
    fact("kurtosis", evidence.kurtosis.value === null ? "" : figure(evidence.kurtosis.value));
  }
  const standing = (evidence?.lines ?? []).filter((line) => !said.background.includes(line.name));
  if (!standing.length) return facts;
  const head = ["line", "expected", "seen", "above_floor"].map((label) => el("th", { scope: "col" }, say(label)));
  const rows = standing.map((line) =>
    el(
      "tr", {},
      el("th", { scope: "row" }, [line.name, ...line.also].join(" / ")),
      el("td", {}, `${line.expected_hz.toFixed(1)} Hz`),
      el("td", {}, `${line.seen_hz.toFixed(1)} Hz`),
      el("td", {}, `+${line.above_floor_db.toFixed(0)} dB`),
    ),
  );
  const table = el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows));
  return el("div", {}, facts, table);
}
