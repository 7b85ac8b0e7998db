// One sensor live: what is said of it, its spectra with the places of its lines, a waterfall, and how its figures went.

import { el, setText, show, tell } from "./dom.js";
import { commissionPanel } from "./commission.js";
import { courseCharts } from "./course_charts.js";
import { evidenceOf } from "./alert_parts.js";
import { badge, setBadge } from "./overview.js";
import { trendPanel } from "./trend.js";
import { NONE, ago, figure, moment, say } from "./words.js";
import { Waterfall } from "./waterfall.js";
import { windowCharts } from "./window_charts.js";

export function sensorView(main, id, bearing) {
  const state = badge();
  const since = el("span", { class: "quiet since" });
  const place = el("p", { class: "quiet" });
  const heading = el("h1", {}, id);
  const said = el("div", { class: "said" }, el("h2"), el("p", { class: "sentence" }), el("p", { class: "advice" }), el("p", { class: "asks" }));
  const evidence = el("div", { class: "evidence" });
  const bearings = el("div", { class: "bearings", role: "group", "aria-label": say("bearings") });
  const hold = el("button", { type: "button", "aria-pressed": "false" }, say("hold"));
  const waiting = el("p", { class: "quiet", role: "status" }, say("waiting_for_window"));
  const spectra = el("div", { class: "charts" });
  const fall = el("figure", { "data-chart": "waterfall", hidden: true }, el("h3", {}, say("waterfall")));
  const over = el("div", { class: "charts" });
  const days = el("div");
  const commissioning = commissionPanel(id);
  const alertLink = el("p", { class: "alert-link", hidden: true });
  const how = el("div", { class: "how", hidden: true }, state, since);
  const back = el("p", { hidden: true }, el("a", { href: "#/" }, say("to_all_sensors")));
  const earlier = el("p", { class: "quiet earlier", hidden: true });
  setText(place, say("loading"));
  // Nothing can be pressed, and no empty drawing stands there, until the agent has said that there is such a sensor.
  const rest = el("div", { class: "of-sensor", hidden: true },
    alertLink, el("div", { class: "beside" }, el("section", { class: "panel" }, earlier, said, evidence), commissioning.panel),
    el("section", {}, el("div", { class: "section-head" }, el("h2", {}, say("live_window")), bearings, hold), waiting, spectra, fall),
    el("section", {}, el("h2", {}, say("over_time")), over),
    el("section", {}, el("h2", {}, say("over_days")), days),
  );
  main.append(el("div", { class: "sensor-head" }, el("div", {}, heading, place), how), back, rest);
  const charts = windowCharts(spectra);
  const waterfall = new Waterfall(fall, say("waterfall"));
  const courses = courseCharts(over);
  let limits = null;
  let isHeld = false;
  hold.addEventListener("click", () => {
    isHeld = !isHeld;
    hold.setAttribute("aria-pressed", isHeld);
    setText(hold, say(isHeld ? "go_on" : "hold"));
  });
  let lastState = null;
  let trend = null;
  let latest = null; // what was said of a window last
  let unit = "";
  let isTrendAsked = false; // of a sensor that there is not, there are no days
  const age = () => {
    const isEarlier = isOfEarlier(lastState, latest);
    show(earlier, isEarlier);
    if (isEarlier) setText(earlier, say("of_earlier_window", { when: moment(latest.time) }));
  };

  return {
    query: `sensor=${encodeURIComponent(id)}&bearing=${encodeURIComponent(bearing ?? "")}`,
    overview(told) {
      const one = told.sensors.find((sensor) => sensor.id === id);
      for (const part of [how, rest]) show(part, Boolean(one));
      show(back, !one);
      if (!one) return setText(place, say("no_such_sensor"));
      if (!isTrendAsked) {
        isTrendAsked = true;
        trendPanel(days, id, bearing, () => unit).then((made) => (trend = made));
      }
      setText(heading, one.machine.name ?? id);
      setText(place, [id, one.machine.position, told.agent.site].filter(Boolean).join(" · "));
      setBadge(state, one.state, one.title);
      setText(since, [one.since ? say("since", { time: ago(one.since) }) : "", one.reason_text].filter(Boolean).join(" · "));
      if (lastState !== null && lastState !== one.state) tell(`${id}: ${one.title}`);
      lastState = one.state;
      age();
      limits = one.machine.zone_limits_mm_s;
      commissioning.update(one.commissioning);
      const open = told.alerts.filter((alert) => alert.sensor === id);
      show(alertLink, open.length > 0);
      if (open.length && alertLink.dataset.alert !== open[0].id) {
        alertLink.dataset.alert = open[0].id;
        alertLink.replaceChildren(el("a", { href: `#/alerts/${open[0].id}` }, say("see_alert", { title: open[0].text.title })));
      }
    },
    look(told) {
      chooseBearings(told);
      if (told.picture && told.picture.unit !== unit) {
        unit = told.picture.unit ?? "";
        trend?.rename();
      }
      if (told.said) {
        latest = told.said;
        age();
        setText(said.querySelector("h2"), told.said.text.title);
        setText(said.querySelector(".sentence"), told.said.text.sentence);
        setText(said.querySelector(".advice"), told.said.text.advice);
        setText(said.querySelector(".asks"), told.said.asks?.text ?? "");
        show(said.querySelector(".asks"), Boolean(told.said.asks));
        evidence.replaceChildren(speedOf(told.said), evidenceOf(told.said));
      }
      courses.draw(told, limits);
      if (isHeld || !told.picture) return;
      show(waiting, false);
      charts.draw(told.picture);
      const envelope = told.picture.envelope;
      show(fall, Boolean(envelope));
      if (envelope) waterfall.add(envelope.row, envelope.highest_hz, told.picture.places.envelope);
    },
    unseen(told) {
      show(waiting, true);
      setText(waiting, told.text);
    },
    redraw() {
      charts.redraw();
      courses.redraw();
      waterfall.draw();
      trend?.redraw();
    },
    remove() {
      charts.remove();
      courses.remove();
      trend?.remove();
    },
  };

  function chooseBearings(told) {
    if (told.bearings.length < 2 || bearings.childElementCount) return;
    bearings.replaceChildren(
      ...told.bearings.map((one) =>
        el("a", { href: `#/sensor/${encodeURIComponent(id)}/${encodeURIComponent(one)}`, "aria-current": one === told.bearing ? "true" : null }, one),
      ),
    );
  }
}

// Whether what stands on the card was said of a window before the sensor came into a state without one.
export function isOfEarlier(state, said) {
  if (!said) return false;
  return state === "lost" || (state === "invalid" && said.quality === null) || (state === "idle" && said.running);
}

function speedOf(said) {
  const rpm = said.speed?.rpm;
  const facts = [
    `${say("speed")} ${rpm === null || rpm === undefined ? NONE : `${figure(rpm)} rpm`}`,
    said.rate?.hz ? `${say("rate")} ${figure(said.rate.hz, "Hz")}` : "",
  ];
  return el("p", { class: "quiet" }, facts.filter(Boolean).join(" · "));
}
