// Charts on uPlot, in the page's colours: curves that are drawn anew as they come, bands where lines belong, limits.

import { figure } from "./words.js";

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

const FONT = '12px system-ui, "Noto Sans KR", "Noto Sans CJK KR", "NanumGothic", sans-serif';

function axis(label, more = {}) {
  return {
    stroke: () => colour("quiet"),
    grid: { stroke: () => colour("grid"), width: 1 },
    ticks: { stroke: () => colour("grid"), width: 1, size: 4 },
    font: FONT, labelFont: FONT, label, labelSize: label ? 18 : 0, gap: 3,
    ...more,
  };
}

export class Chart {
  // `series`: [{label, colour, width}]; `across`, `up`: {label, unit, range, time}; `behind`, `before`: (chart, u) draw.
  constructor(parent, { label, height = 190, series, across, up, behind, before, readout }) {
    this.places = [];
    this.limits = [];
    this.parent = parent;
    this.isZoomed = false;
    parent.setAttribute("role", "img");
    parent.setAttribute("aria-label", label);
    const box = document.createElement("div");
    parent.append(box);
    this.out = document.createElement("p");
    this.out.className = "readout quiet";
    this.out.hidden = true;
    parent.append(this.out);
    const options = {
      width: Math.max(200, parent.clientWidth), height,
      legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false, setScale: true } },
      scales: {
        x: { time: Boolean(across.time) },
        y: { distr: up.logarithmic ? 3 : 1, range: up.range },
      },
      axes: [
        axis(across.label, { size: 26, space: across.space ?? 54, ...(across.time ? { values: (_, at) => at.map(across.write) } : {}) }),
        axis(up.label, { size: 46, space: 28, values: up.write ? (_, at) => at.map((v) => (v === null ? "" : up.write(v))) : undefined }),
      ],
      series: [
        {},
        ...series.map((one) => ({
          label: one.label, stroke: () => colour(one.colour), width: one.width ?? 1, points: { show: Boolean(one.points), size: 3 },
          dash: one.dash, spanGaps: false,
        })),
      ],
      hooks: {
        drawClear: [(u) => behind?.(this, u)],
        draw: [(u) => before?.(this, u)],
        setCursor: [(u) => this.read(u, readout)],
        setScale: [(u, key) => key === "x" && this.noteZoom(u)],
      },
    };
    this.plot = new uPlot(options, [[0, 1], ...series.map(() => [null, null])], box);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(parent);
  }

  resize() {
    const width = Math.max(200, this.parent.clientWidth);
    if (width !== this.plot.width) this.plot.setSize({ width, height: this.plot.height });
  }

  // Zoomed in by a drag: new data must not throw that away. A double click shows all again.
  noteZoom(u) {
    const [low, high] = [u.data[0][0], u.data[0][u.data[0].length - 1]];
    const scale = u.scales.x;
    this.isZoomed = scale.min > low + (high - low) * 1e-6 || scale.max < high - (high - low) * 1e-6;
  }

  set(data) {
    const wasZoomed = this.isZoomed;
    const { min, max } = this.plot.scales.x;
    this.plot.batch(() => {
      this.plot.setData(data, !wasZoomed);
      if (wasZoomed) this.plot.setScale("x", { min, max });
    });
    this.isZoomed = wasZoomed;
  }

  read(u, readout) {
    const at = u.cursor.idx;
    const text = readout && at !== null && at !== undefined ? readout(u, at, this) : "";
    this.out.textContent = text;
    this.out.hidden = !text;
  }

  redraw() {
    this.plot.redraw(false, true);
  }

  remove() {
    this.observer.disconnect();
    this.plot.destroy();
  }
}

// Bands where the lines of shaft and bearing belong, as wide as slip allows, with a name at the first of each family.
export function drawPlaces(chart, u) {
  const { ctx, bbox } = u;
  const scale = devicePixelRatio || 1;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = `${11 * scale}px system-ui, sans-serif`;
  ctx.textBaseline = "top";
  const rows = [[], [], []]; // of names: where each is taken, in pixels
  const bearingsFirst = [...chart.places].sort((a, b) => (a.kind === "bearing" ? 0 : 1) - (b.kind === "bearing" ? 0 : 1));
  for (const place of bearingsFirst) {
    const left = u.valToPos(place.low_hz, "x", true);
    const right = u.valToPos(place.high_hz, "x", true);
    if (right < bbox.left || left > bbox.left + bbox.width) continue;
    const tone = colour(toneOf(place));
    const width = Math.max(2 * scale, right - left);
    ctx.globalAlpha = place.kind === "mains" ? 0.14 : 0.24;
    ctx.fillStyle = tone;
    ctx.fillRect((left + right) / 2 - width / 2, bbox.top, width, bbox.height);
    ctx.globalAlpha = 1;
    if (place.kind === "mains") continue;
    const text = nameOf(place);
    const room = ctx.measureText(text).width + 4 * scale;
    const middle = (left + right) / 2;
    const [from, to] = [middle - room / 2, middle + room / 2];
    const row = (place.kind === "shaft" ? [0] : [1, 2]).find((n) => rows[n].every(([a, b]) => to <= a || from >= b));
    if (row === undefined) continue;
    rows[row].push([from, to]);
    ctx.textAlign = "center";
    ctx.fillText(text, middle, bbox.top + (2 + 13 * row) * scale);
  }
  ctx.restore();
}

export function nameOf(place) {
  if (place.kind === "shaft") return `${place.multiple}×`;
  return place.multiple > 1 ? `${place.multiple}×${place.family}` : place.family;
}

export function toneOf(place) {
  return place.kind === "bearing" ? place.family.replace("~", "").toLowerCase() : place.kind;
}

// Dashed limits across, each with its name at the right end: [{value, name}].
export function drawLimits(chart, u) {
  const { ctx, bbox } = u;
  const scale = devicePixelRatio || 1;
  ctx.save();
  ctx.font = `${11 * scale}px system-ui, sans-serif`;
  ctx.textAlign = "right";
  ctx.strokeStyle = ctx.fillStyle = colour("ink");
  ctx.setLineDash([6 * scale, 4 * scale]);
  ctx.lineWidth = scale;
  for (const { value, name } of chart.limits) {
    const y = u.valToPos(value, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillText(name, bbox.left + bbox.width - 4 * scale, y - 4 * scale);
  }
  ctx.restore();
}

// Names of the places that a line may stand in, whose frequency is known to a bin.
export function inPlaces(places, hz, bin) {
  return places.filter((place) => place.low_hz - bin <= hz && hz <= place.high_hz + bin).map(nameOf);
}

// Of a spectrum: frequency, order of the shaft, height, and whose place the cursor stands in.
export function spectrumReadout(unit, orders) {
  return (u, at, chart) => {
    const hz = u.data[0][at];
    const shaft = orders();
    const order = shaft ? ` · ${(hz / shaft).toFixed(2)}×` : "";
    const inside = inPlaces(chart.places, hz, u.data[0][1]);
    return `${hz.toFixed(1)} Hz${order} · ${figure(u.data[1][at], unit())}${inside.length ? ` · ${inside.join(", ")}` : ""}`;
  };
}
