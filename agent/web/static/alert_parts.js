// What every alert shows, open or past: the figures that it rests on, the raw window that raised it, and its report.

import { el, setText } from "./dom.js";
import { figure, say } from "./words.js";
import { windowCharts } from "./window_charts.js";

// The raw window is fetched once somebody opens it, and once it is written: that takes a few seconds after an alert.
// `sensor`: whose agent knows how to draw it; empty for an alert that has ended.
export function windowDetails(alert, sensor) {
  const note = el("p", { class: "quiet" }, say("not_kept"));
  const box = el("div", { class: "window" }, note);
  const opened = el("details", {}, el("summary", {}, say("raw_window")), box);
  opened.addEventListener("toggle", () => drawWindow(opened));
  return Object.assign(opened, { alert, sensor, box, note, isAsked: false });
}

export async function drawWindow(opened) {
  const { alert, sensor, box, note } = opened;
  if (!opened.open || !opened.isKept || opened.isAsked) return;
  opened.isAsked = true;
  const where = `/alerts/${encodeURIComponent(alert.id)}`;
  const answer = await fetch(`${where}/window?sensor=${encodeURIComponent(sensor)}`).catch(() => null);
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

// A page of its own, without scripts; it prints well.
export function reportLink(alert) {
  return el("a", { href: `/alerts/${encodeURIComponent(alert.id)}/report`, target: "_blank", rel: "noopener" }, say("report"));
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
