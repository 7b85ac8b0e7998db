// How the agent itself is: what comes in and at which rate, what is lost, how late it is, what waits to go out.

import { el, setText } from "./dom.js";
import { press } from "./ask.js";
import { NONE, count, figure, lasting, say, stateName } from "./words.js";

export function health(main) {
  const facts = el("dl", { class: "facts" });
  const notices = el("ul", { class: "notices" });
  const tables = Object.fromEntries(["sensors", "sources", "sinks"].map((name) => [name, el("tbody")]));
  const table = (name, heads) =>
    el(
      "section", {}, el("h2", {}, say(`health_${name}`)),
      el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": say(`health_${name}`) },
        el("table", {}, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, say(head))))), tables[name])),
    );
  main.append(
    el("h1", {}, say("health")), facts, notices,
    table("sensors", ["sensor", "state", "sampling", "windows", "lost_samples", "lag", "data_age"]),
    table("sources", ["source", "link", "outages", "refused"]),
    table("sinks", ["sink", "link", "published", "outbox", "dropped"]),
  );
  const out = el("p", { role: "status", class: "out" });
  const retry = el("button", { type: "button", class: "retry" }, say("retry"));
  retry.addEventListener("click", () => press(retry, { command: "retry" }, out));
  main.append(el("div", { class: "buttons" }, retry), out);
  return {
    query: "health=1",
    health(told) {
      const rows = [
        ["agent", [told.agent, told.site].filter(Boolean).join(" · ")], ["version", told.version],
        ["bundle", `${told.bundle} (${told.runtime})`], ["uptime", lasting(told.uptime_s)],
        ["memory", told.memory_mb ? `${told.memory_mb} MB` : NONE],
        ["state_kept", say(told.state_kept ? "yes" : "no")],
      ];
      facts.replaceChildren(...rows.map(([label, value]) => el("div", {}, el("dt", {}, say(label)), el("dd", {}, value))));
      notices.replaceChildren(...told.notices.map((text) => el("li", {}, text)));
      fill("sensors", Object.entries(told.sensors).map(([name, one]) => [
        name, stateName(one.state), one.rate?.hz ? figure(one.rate.hz, "Hz") : NONE, count(one.windows),
        one.losses ? count(lost(one.losses)) : NONE, `${one.lag_s} s${one.overloaded ? ` · ${say("overloaded")}` : ""}`,
        one.data_age_s === null ? NONE : `${one.data_age_s} s`,
      ]));
      fill("sources", Object.entries(told.sources).map(([name, one]) => [
        name, link(one), count(one.outages), count(Object.values(one.faults).reduce((sum, n) => sum + n, 0)),
      ]));
      fill("sinks", [["broker", told.publishing], ...Object.entries(told.sinks ?? {})].map(([name, one]) => [
        name, link(one), count(one.published), count(one.waiting), count(one.dropped),
      ]));
    },
  };

  function fill(name, rows) {
    const body = tables[name];
    rows.forEach((cells, r) => {
      const row = body.rows[r] ?? body.appendChild(el("tr"));
      cells.forEach((text, c) => {
        const cell = row.cells[c] ?? row.appendChild(c ? el("td") : el("th", { scope: "row" }));
        setText(cell, text);
      });
    });
    while (body.rows.length > rows.length) body.lastChild.remove();
  }
}

function lost(losses) {
  const keys = ["dropped_fifo", "dropped_queue", "lost_on_wire", "rejected", "dropped_agent"];
  return keys.reduce((sum, key) => sum + losses[key], 0) - losses.dropped_before;
}

function link(one) {
  if (one.ended) return say("ended");
  return one.connected ? say("connected") : `${say("away")}${one.error ? `: ${one.error}` : ""}`;
}
