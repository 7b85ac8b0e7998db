// How a figure moved over days: the middle of each day within its band, limits, the slope, and when a limit is reached.

import { Chart, drawLimits } from "./charts.js";
import { el, setText, show } from "./dom.js";
import { figure, language, say } from "./words.js";

const DATE = new Intl.DateTimeFormat(language, { year: "2-digit", month: "short", day: "numeric", timeZone: "UTC" });
const written = (seconds) => DATE.format(new Date(seconds * 1000));

const LEAST_DAYS = 3; // of fewer an axis of time would be made up

// `unit()`: that of the sensor's samples, empty while it is not known.
export async function trendPanel(parent, sensor, bearing, unit) {
  const answer = await fetch(`/sensors/${encodeURIComponent(sensor)}/trend`).catch(() => null);
  const told = answer?.ok ? await answer.json().catch(() => null) : null;
  const lines = (told?.trends ?? []).filter((one) => !bearing || one.bearing === null || one.bearing === bearing);
  const none = el("p", { class: "quiet" }, say("no_days"));
  if (!lines.length) {
    parent.append(none);
    return null;
  }
  const unitOf = (one) => ({ velocity: "mm/s", acceleration: unit() })[one.figure] ?? "";
  const named = (one) => (one.figure === "acceleration" && unit() ? `${one.name}, ${unit()}` : one.name);
  const name = (one) => [named(one), one.speeds, told.bearings > 1 ? one.bearing : ""].filter(Boolean).join(" · ");
  const choice = el("select", { "aria-label": say("trend_figure") }, lines.map((one, n) => el("option", { value: n }, name(one))));
  const words = el("p", { role: "status" });
  const box = el("div", { class: "chart" });
  parent.append(el("figure", { "data-chart": "trend" }, choice, words, box));
  let chart = null;
  const draw = () => {
    const one = lines[Number(choice.value)];
    chart?.remove();
    chart = null;
    box.replaceChildren();
    if (one.days.length < LEAST_DAYS) {
      box.append(el("p", { class: "quiet" }, say("too_few_days")), figuresOf(one, unitOf(one)));
      return setText(words, "");
    }
    chart = new Chart(box, {
      label: name(one), height: 200, across: { time: true, label: "", write: written, space: 92 }, before: drawLimits,
      up: { label: unitOf(one), range: (u, low, high) => [Math.min(0, low ?? 0), (high ?? 1) * 1.12 || 1] },
      series: [
        { label: say("lowest_tenth"), colour: "tone-5", dash: [4, 3] }, { label: say("median"), colour: "curve", width: 2, points: one.days.length < 90 },
        { label: say("highest_tenth"), colour: "tone-5", dash: [4, 3] },
      ],
      readout: (u, at) => `${written(u.data[0][at])} · ${u.data.slice(1).map((row) => figure(row[at])).join(" / ")} ${unitOf(one)}`.trimEnd(),
    });
    chart.limits = one.limits;
    chart.set([one.days, one.low, one.middle, one.high]);
    setText(words, [say("a_month", { moves: one.moves }), one.reached ? say("limit_reached", { when: one.reached }) : ""].filter(Boolean).join(" · "));
  };
  choice.addEventListener("change", draw);
  draw();
  show(none, false);
  return {
    redraw: () => chart?.redraw(),
    remove: () => chart?.remove(),
    rename() {
      for (const [n, option] of [...choice.options].entries()) setText(option, name(lines[n]));
      draw();
    },
  };
}

// Of each day its lowest tenth, median and highest tenth.
function figuresOf(one, unit) {
  const day = (when, n) => `${written(when)}: ${[one.low, one.middle, one.high].map((row) => figure(row[n])).join(" / ")} ${unit}`.trimEnd();
  const legend = [say("lowest_tenth"), say("median"), say("highest_tenth")].join(" / ");
  return el("ul", { class: "days" }, el("li", { class: "quiet" }, legend), one.days.map((when, n) => el("li", {}, day(when, n))));
}
