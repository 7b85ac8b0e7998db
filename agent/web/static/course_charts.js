// How the figures of a bearing went: likeness to each description, deviation against its limit, velocity with zones.

import { floats, gapped } from "./arrays.js";
import { Chart, drawLimits } from "./charts.js";
import { el } from "./dom.js";
import { clock, figure, say } from "./words.js";

const MOST = 2400;
const COLOURED = 4; // descriptions, those that were nearest of late; the others are drawn alike
const TOLD = 3; // of them by the cursor
const toneOf = (n) => `tone-${Math.min(n, COLOURED) + 1}`;

export function courseCharts(parent) {
  let times = [];
  let figures = {};
  let likeness = {};
  let bearing;
  const charts = {};
  const time = { time: true, label: "", write: clock };
  const at = (unit) => (u, n) => `${clock(u.data[0][n])} · ${u.data.slice(1).map((row, k) => `${u.series[k + 1].label ? `${u.series[k + 1].label} ` : ""}${figure(row[n], unit)}`).join(" · ")}`;
  const boxes = {};
  for (const name of ["deviation", "velocity", "likeness"]) {
    boxes[name] = el("div", { class: "chart" });
    boxes[`${name}_key`] = el("div", { class: "key" });
    parent.append(el("figure", { "data-chart": name }, el("h3", {}, say(`${name}_over_time`)), boxes[`${name}_key`], boxes[name]));
  }

  function take(told) {
    const course = told.course;
    if (!told.goes_on || told.bearing !== bearing) [times, figures, likeness] = [[], {}, {}];
    bearing = told.bearing;
    times = times.concat(course.wall_s).slice(-MOST);
    const add = (table, name, packed) => {
      table[name] = (table[name] ?? []).concat(gapped(floats(packed))).slice(-MOST);
    };
    for (const [name, packed] of Object.entries(course.figures)) add(figures, name, packed);
    for (const [fault, packed] of Object.entries(course.likeness)) add(likeness, fault, packed);
    for (const [fault, row] of Object.entries(likeness)) if (row.length < times.length) delete likeness[fault];
  }

  function nearest() {
    const late = (row) => {
      const known = row.slice(-20).filter((value) => value !== null);
      return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : -9;
    };
    return Object.keys(likeness).sort((a, b) => late(likeness[b]) - late(likeness[a]));
  }

  const nearestAt = (u, n) => {
    const told = u.series.slice(1).map((one, k) => [u.data[k + 1][n], one.label]).filter(([value]) => value !== null);
    told.sort(([a], [b]) => b - a);
    return [clock(u.data[0][n]), ...told.slice(0, TOLD).map(([value, name]) => `${name} ${figure(value)}`)].join(" · ");
  };
  let drawn = [];
  function drawLikeness(titles) {
    const names = nearest();
    if (!names.length) return;
    const top = names.slice(0, COLOURED);
    if (names.length !== drawn.length || top.some((name) => !drawn.slice(0, COLOURED).includes(name))) {
      drawn = names;
      charts.likeness?.remove();
      boxes.likeness.replaceChildren();
      charts.likeness = new Chart(boxes.likeness, {
        label: say("likeness_over_time"), height: 200, across: time,
        up: { label: "", range: (u, low, high) => [Math.min(0, low ?? 0), Math.max(1, high ?? 1)] },
        series: drawn.map((name, n) => ({ label: titles[name] ?? name, colour: toneOf(n), width: n < COLOURED ? 1.6 : 1, dash: n < COLOURED ? undefined : [4, 4] })),
        readout: nearestAt,
      });
      boxes.likeness_key.replaceChildren(...drawn.map((name, n) => el("span", { class: "key-one", "data-tone": toneOf(n) }, titles[name] ?? name)));
    }
    charts.likeness.set([times, ...drawn.map((name) => likeness[name])]);
  }

  return {
    draw(told, zoneLimits) {
      take(told);
      if (!times.length) return;
      charts.deviation ??= new Chart(boxes.deviation, {
        label: say("deviation_over_time"), height: 170, across: time, before: drawLimits, readout: at(say("limits_unit")),
        up: { label: "", range: (u, low, high) => [0, Math.max(1.3, (high ?? 0) * 1.1)] }, series: [{ label: "", colour: "curve", width: 1.6 }],
      });
      charts.deviation.limits = [{ value: 1, name: say("limit") }];
      charts.deviation.set([times, figures.deviation]);
      charts.velocity ??= new Chart(boxes.velocity, {
        label: say("velocity_over_time"), height: 170, across: time, before: drawLimits, readout: at("mm/s"),
        up: { label: "mm/s", range: (u, low, high) => [0, Math.max(high ?? 0, (charts.velocity?.limits[0]?.value ?? 0)) * 1.15 || 1] },
        series: [{ label: "", colour: "curve", width: 1.6 }],
      });
      charts.velocity.limits = (zoneLimits ?? []).map((value, n) => ({ value, name: say("zone_limit", { below: "ABC"[n], above: "BCD"[n] }) }));
      charts.velocity.set([times, figures.velocity_rms]);
      drawLikeness(told.titles);
    },
    redraw() {
      for (const chart of Object.values(charts)) chart.redraw();
    },
    remove() {
      for (const chart of Object.values(charts)) chart.remove();
    },
  };
}
