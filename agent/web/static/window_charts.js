// The charts of one window: envelope spectrum, spectrum at the shaft's orders, whole spectrum, waveform.

import { floats, steps } from "./arrays.js";
import { Chart, drawPlaces, inPlaces, spectrumReadout, toneOf } from "./charts.js";
import { el, setText, show } from "./dom.js";
import { figure, say } from "./words.js";

export function windowCharts(parent) {
  const figures = {};
  let shown = null;
  const hidden = new Set(["50 Hz", "60 Hz"]); // families whose places are not drawn until somebody wants them
  const shaft = () => shown?.shaft_hz ?? null;
  const unit = () => (shown?.unit === "g" ? "g" : "");

  const add = (name, options) => {
    const box = el("div", { class: "chart" });
    const title = el("h3", {}, say(name));
    const toggles = el("div", { class: "toggles" });
    const place = el("figure", { "data-chart": name }, title, toggles, box);
    parent.append(place);
    figures[name] = { place, box, toggles, chart: null, options: { label: say(name), ...options } };
  };
  const hz = { label: "Hz" };
  const small = (value) => String(Number(value.toPrecision(3)));
  add("envelope", {
    height: 250, series: [{ colour: "curve" }], across: hz, up: { label: "dB", range: (u, low, high) => [0, Math.max(25, high * 1.12)] },
    behind: drawPlaces, readout: spectrumReadout(() => "dB", shaft),
  });
  add("orders", {
    height: 210, series: [{ colour: "curve" }], across: hz, up: { label: "", write: small },
    behind: drawPlaces, readout: spectrumReadout(unit, shaft),
  });
  add("spectrum", {
    height: 210, series: [{ colour: "curve" }], across: hz, up: { label: "", logarithmic: true, write: small }, readout: spectrumReadout(unit, shaft),
  });
  const waves = el("div", { class: "axes" });
  parent.append(el("figure", { "data-chart": "waveform" }, el("h3", {}, say("waveform")), waves));
  const axes = new Map();

  function chartOf(name) {
    const one = figures[name];
    one.chart ??= new Chart(one.box, one.options);
    return one.chart;
  }

  function spectrum(name, packed, places) {
    const one = figures[name];
    show(one.place, Boolean(packed));
    if (!packed) return;
    const values = floats(packed.values);
    const chart = chartOf(name);
    if (places) toggle(one, chart, places);
    chart.set([steps(values.length, 0, packed.highest_hz), values]);
  }

  function toggle(one, chart, places) {
    const families = [...new Map(places.map((place) => [place.family, place])).values()];
    const key = families.map((place) => place.family).join();
    chart.every = places;
    const choose = () => {
      chart.places = chart.every.filter((place) => !hidden.has(place.family));
    };
    if (one.toggles.dataset.key !== key) {
      one.toggles.dataset.key = key;
      one.toggles.replaceChildren(
        ...families.map((place) => {
          const box = el("input", { type: "checkbox", checked: !hidden.has(place.family) });
          box.addEventListener("change", () => {
            box.checked ? hidden.delete(place.family) : hidden.add(place.family);
            choose();
            chart.redraw();
          });
          const name = place.kind === "shaft" ? say("shaft") : place.family;
          return el("label", { class: "toggle", "data-tone": toneOf(place) }, box, name);
        }),
      );
    }
    choose();
  }

  function waveform(picture) {
    const names = new Set(picture.axes.map((axis) => axis.name));
    for (const [name, one] of axes) if (!names.has(name)) { one.chart.remove(); one.box.remove(); axes.delete(name); }
    for (const axis of picture.axes) {
      if (!axes.has(axis.name)) {
        const box = el("div", { class: "chart" });
        waves.append(box);
        const label = unit() ? `${axis.name}, ${unit()}` : axis.name;
        const readout = (u, at) => `${u.data[0][at].toFixed(3)} s · ${figure(u.data[1][at], unit())}`;
        const options = { label: `${say("waveform")} ${axis.name}`, height: 130, series: [{ colour: "curve" }], across: { label: "" }, up: { label }, readout };
        axes.set(axis.name, { box, chart: new Chart(box, options) });
      }
      const values = floats(axis.values);
      axes.get(axis.name).chart.set([steps(values.length, 0, picture.seconds), values]);
    }
  }

  return {
    draw(picture) {
      if (!picture) return;
      shown = picture;
      spectrum("envelope", picture.envelope, picture.places?.envelope);
      spectrum("orders", picture.orders, picture.places?.orders);
      spectrum("spectrum", picture.spectrum);
      waveform(picture);
      const top = figures.envelope.chart;
      if (top && picture.envelope) note(figures.envelope, picture, top);
    },
    redraw() {
      for (const one of Object.values(figures)) one.chart?.redraw();
      for (const one of axes.values()) one.chart.redraw();
    },
    remove() {
      for (const one of Object.values(figures)) one.chart?.remove();
      for (const one of axes.values()) one.chart.remove();
    },
  };
}

// The highest line of the envelope and whose place it stands in, in words: for who cannot see the drawing, and for all.
function note(one, picture, chart) {
  const values = floats(picture.envelope.values);
  let at = 0;
  for (let n = 1; n < values.length; n++) if (values[n] > values[at]) at = n;
  const hz = (at * picture.envelope.highest_hz) / (values.length - 1);
  const inside = inPlaces(chart.every ?? [], hz, picture.envelope.highest_hz / (values.length - 1));
  one.note ??= one.place.appendChild(el("figcaption", { class: "quiet" }));
  one.place.dataset.peakHz = hz.toFixed(2);
  one.place.dataset.peakPlaces = inside.join(" ");
  const fields = { hz: hz.toFixed(1), db: values[at].toFixed(0), places: inside.join(", ") };
  setText(one.note, say(inside.length ? "highest_line_of" : "highest_line", fields));
}
