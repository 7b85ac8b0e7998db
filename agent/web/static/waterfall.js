// A waterfall of envelope spectra: the newest row at the top, bright where lines stand, and the same bands above it.

import { bytes } from "./arrays.js";
import { colour, toneOf } from "./charts.js";

const ROWS = 120;

export class Waterfall {
  constructor(parent, label) {
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", label);
    this.canvas.className = "waterfall";
    this.scale = document.createElement("div");
    this.scale.className = "waterfall-scale quiet";
    parent.append(this.canvas, this.scale);
    this.rows = [];
    this.highest = 0;
    this.places = [];
  }

  add(packed, highestHz, places) {
    const row = bytes(packed);
    if (this.rows.length && this.rows[0].length !== row.length) this.rows = [];
    this.rows.unshift(row);
    this.rows.length = Math.min(this.rows.length, ROWS);
    this.places = places;
    if (highestHz !== this.highest) {
      this.highest = highestHz;
      const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
        const mark = document.createElement("span");
        mark.textContent = `${Math.round(share * highestHz)}${share === 1 ? " Hz" : ""}`;
        return mark;
      });
      this.scale.replaceChildren(...marks);
    }
    this.draw();
  }

  draw() {
    if (!this.rows.length) return;
    const width = this.rows[0].length;
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== ROWS + 6) this.canvas.height = ROWS + 6;
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(width, ROWS + 6);
    const [low, high] = [rgb(colour("waterfall-low")), rgb(colour("waterfall-high"))];
    for (let at = 0; at < image.data.length; at += 4) image.data.set([...low, 255], at);
    this.rows.forEach((row, y) => {
      for (let x = 0; x < width; x++) {
        const share = row[x] / 255;
        const at = ((y + 6) * width + x) * 4;
        for (let c = 0; c < 3; c++) image.data[at + c] = low[c] + (high[c] - low[c]) * share;
        image.data[at + 3] = 255;
      }
    });
    context.putImageData(image, 0, 0);
    for (const place of this.places) {
      const left = (place.low_hz / this.highest) * width;
      context.fillStyle = colour(toneOf(place));
      context.fillRect(left, 0, Math.max(1, ((place.high_hz - place.low_hz) / this.highest) * width), 5);
    }
  }
}

function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}
