// All sensors at a glance: state and since when, speed, deviation against its limit, velocity and its zone.

import { el, keyed, setText } from "./dom.js";
import { NONE, ago, figure, say } from "./words.js";

export function badge(state, title) {
  return el("span", { class: "badge", "data-state": state }, title);
}

export function setBadge(badge, state, title) {
  if (badge.dataset.state !== state) badge.dataset.state = state;
  setText(badge, title);
}

export function overview(main) {
  const summary = el("p", { class: "summary" });
  const list = el("ul", { class: "sensors" });
  const notices = el("ul", { class: "notices" });
  main.append(el("h1", {}, say("sensors")), summary, list, el("section", {}, notices));
  return {
    query: "",
    overview(told) {
      setText(summary, summed(told.sensors));
      keyed(list, told.sensors, { key: (one) => one.id, make, update });
      const texts = told.agent.notices;
      keyed(notices, texts, { key: (text) => text, make: () => el("li"), update: setText });
      notices.parentElement.hidden = !texts.length;
    },
  };
}

function summed(sensors) {
  const counts = new Map();
  for (const one of sensors) counts.set(one.title, (counts.get(one.title) ?? 0) + 1);
  return [...counts].map(([title, number]) => `${title} ${number}`).join(" · ");
}

function make(sensor) {
  const name = el("a", { class: "name", href: `#/sensor/${encodeURIComponent(sensor.id)}` });
  const part = (label, className) =>
    el("div", { class: `fact ${className}` }, el("span", { class: "label" }, say(label)), el("span", { class: "value" }));
  return el(
    "li", { class: "sensor" },
    el("div", { class: "who" }, name, el("span", { class: "quiet place" })),
    el("div", { class: "how" }, badge(), el("span", { class: "quiet since" }), el("span", { class: "why" })),
    part("speed", "speed"), part("deviation", "deviation"), part("velocity", "velocity"),
  );
}

function update(row, sensor) {
  const find = (selector) => row.querySelector(selector);
  row.dataset.state = sensor.state;
  setText(find(".name"), sensor.machine.name ?? sensor.id);
  setText(find(".place"), [sensor.id, sensor.machine.position].filter(Boolean).join(" · "));
  setBadge(find(".badge"), sensor.state, sensor.title);
  setText(find(".since"), sensor.since ? say("since", { time: ago(sensor.since) }) : "");
  setText(find(".why"), sensor.commissioning.words ?? sensor.reason_text ?? "");
  setText(find(".speed .value"), sensor.rpm === null || sensor.rpm === undefined ? NONE : `${Math.round(sensor.rpm)} rpm`);
  setText(find(".deviation .value"), sensor.deviation === null ? NONE : say("times_limit", { times: figure(sensor.deviation) }));
  find(".deviation").dataset.over = sensor.deviation !== null && sensor.deviation >= 1;
  const { velocity_mm_s: velocity, zone, reason } = sensor.severity;
  const value = find(".velocity .value");
  setText(value, velocity === null ? NONE : `${figure(velocity, "mm/s")}${zone ? ` · ${say("zone", { zone })}` : ""}`);
  value.title = reason ?? "";
  find(".velocity").dataset.zone = zone ?? "";
}
