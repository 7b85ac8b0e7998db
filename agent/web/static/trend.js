// How a figure moved over days: the middle of each day within its band, limits, the slope, and when a limit is reached.

import { Chart, drawLimits } from "./charts.js";
import { el, setText, show } from "./dom.js";
import { figure, language, say } from "./words.js";

const DATE = new Intl.DateTimeFormat(language, { year: "2-digit", month: "short", day: "numeric", timeZone: "UTC" });
const written = (seconds) => DATE.format(new Date(seconds * 1000));

export async function trendPanel(parent, sensor, bearing) {
  const answer = await fetch(`/sensors/${encodeURIComponent(sensor)}/trend`).catch(() => null);
  const told = answer?.ok ? await answer.json().catch(() => null) : null;
  const lines = (told?.trends ?? []).filter((one) => !bearing || one.bearing === null || one.bearing === bearing);
  const none = el("p", { class: "quiet" }, say("no_days"));
  if (!lines.length) {
    parent.append(none);
    return null;
  }
  const name = (one) => [one.name, one.speeds, told.bearings > 1 ? one.bearing : ""].filter(Boolean).join(" · ");
  const choice = el("select", { "aria-label": say("trend_figure") }, lines.map((one, n) => el("option", { value: n }, name(one))));
  const words = el("p", { role: "status" });
  const box = el("div", { class: "chart" });
  parent.append(el("figure", { "data-chart": "trend" }, choice, words, box));
  let chart = null;
  const draw = () => {
    const one = lines[Number(choice.value)];
    chart?.remove();
    box.replaceChildren();
    chart = new Chart(box, {
      label: name(one), height: 200, across: { time: true, label: "", write: written, space: 92 }, before: drawLimits,
      up: { label: "", range: (u, low, high) => [Math.min(0, low ?? 0), (high ?? 1) * 1.12 || 1] },
      series: [
        { label: say("lowest_tenth"), colour: "tone-5", dash: [4, 3] }, { label: say("median"), colour: "curve", width: 2, points: one.days.length < 90 },
        { label: say("highest_tenth"), colour: "tone-5", dash: [4, 3] },
      ],
      readout: (u, at) => `${written(u.data[0][at])} · ${u.data.slice(1).map((row) => figure(row[at])).join(" / ")}`,
    });
    chart.limits = one.limits;
    chart.set([one.days, one.low, one.middle, one.high]);
    setText(words, [say("a_month", { moves: one.moves }), one.reached ? say("limit_reached", { when: one.reached }) : ""].filter(Boolean).join(" · "));
  };
  choice.addEventListener("change", draw);
  draw();
  show(none, false);
  return { redraw: () => chart.redraw(), remove: () => chart.remove() };
}
