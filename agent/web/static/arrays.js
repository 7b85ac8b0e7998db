// Arrays as the page's process packs them: base64 of little-endian float32, or of bytes.

export function bytes(packed) {
  return Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
}

export function floats(packed) {
  return new Float32Array(bytes(packed).buffer);
}

// uPlot draws a gap for null, and a line through NaN.
export function gapped(values) {
  return Array.from(values, (value) => (Number.isFinite(value) ? value : null));
}

// `count` values from `first` to `last`, both among them.
export function steps(count, first, last) {
  const step = count > 1 ? (last - first) / (count - 1) : 0;
  return Float64Array.from({ length: count }, (_, n) => first + n * step);
}
