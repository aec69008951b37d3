/** Of `heatmap`: what a map looks like, and what is said of it. */
import { probabilityText, two } from "./shared.js";

export const WHOLE = [0, 0, 1, 1];

/** Values between the fields of a map at a pixel, as `cv2.resize` has them; nearest if `square`.
 *
 * The map lies over an `area` of the picture, in shares of its sides; around it there is nothing.
 */
function sampler({ values, height, width, area = WHOLE }, tall, wide, square) {
  const along = (pixel, pixels, fields, [from, size]) => {
    const share = ((pixel + 0.5) / pixels - from) / size;
    if (share < 0 || share > 1) return null;
    const at = Math.min(fields - 1, Math.max(0, share * fields - 0.5));
    const low = square ? Math.round(at) : Math.floor(at);
    return [low, Math.min(fields - 1, low + 1), square ? 0 : at - low];
  };
  const rows = Array.from({ length: tall }, (_, y) => along(y, tall, height, [area[1], area[3]]));
  const columns = Array.from({ length: wide }, (_, x) => along(x, wide, width, [area[0], area[2]]));
  return (y, x) => {
    if (!rows[y] || !columns[x]) return 0;
    const [top, bottom, down] = rows[y];
    const [left, right, across] = columns[x];
    const row = (at) => values[at * width + left] * (1 - across) + values[at * width + right] * across;
    return row(top) * (1 - down) + row(bottom) * down;
  };
}

/** Paint what speaks for (`sign` 1) or against (-1) over the grey face. */
export function paintMap(canvas, crop, lut, map, { sign, opacity, square }) {
  const { width: wide, height: tall } = canvas;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(crop, 0, 0, wide, tall);
  const picture = context.getImageData(0, 0, wide, tall);
  const data = picture.data;
  const at = sampler(map, tall, wide, square);
  const top = Math.max(...map.values.map((value) => sign * value));
  for (let y = 0, i = 0; y < tall; y += 1) {
    for (let x = 0; x < wide; x += 1, i += 4) {
      const grey = (data[i] + data[i + 1] + data[i + 2]) / 3;
      const share = top > 0 ? Math.min(1, Math.max(0, (sign * at(y, x)) / top)) : 0;
      const weight = opacity * share;
      const colour = 3 * Math.round(255 * share);
      for (let c = 0; c < 3; c += 1) data[i + c] = (1 - weight) * grey + weight * lut[colour + c];
    }
  }
  context.putImageData(picture, 0, 0);
  if (map.area && map.area !== WHOLE) frame(context, map.area);
}

/** Outline what the network sees of the face. */
function frame(context, [x, y, w, h]) {
  const { width, height } = context.canvas;
  for (const [colour, line] of [["#0b1416", 3], ["#ffffff", 1]]) {
    context.strokeStyle = colour;
    context.lineWidth = (line * width) / 356;
    context.strokeRect(x * width, y * height, w * width, h * height);
  }
}

/** Paint the grey face alone, while its map is on the way. */
export function paintFace(canvas, crop) {
  const map = { values: new Float32Array(1), height: 1, width: 1 };
  paintMap(canvas, crop, new Uint8Array(3), map, { sign: 1, opacity: 0, square: true });
}

/** The strongest value of a map on the side of `sign`. */
export const strongestOf = (map, sign) => Math.max(...map.values.map((value) => sign * value));

/** What covering found, in a sentence. */
export function coveringWords(about, map, sign) {
  const strongest = strongestOf(map, sign);
  const places = `A square of the face was covered, at ${map.passes - 1} places in turn.`;
  if (strongest <= 0) {
    return `${places} Nowhere did the score (the logit) for “${about.label}” ${sign > 0 ? "fall" : "rise"}.`;
  }
  return `${places} Where it is bright the score (the logit) for “${about.label}” ${sign > 0 ? "fell" : "rose"},`
    + ` by up to ${strongest.toFixed(1)}.`;
}

/** What the exact map says where it stands first. */
export function exactWords(about, map, sign) {
  if (strongestOf(map, sign) > 0) {
    return `Where it is bright the face speaks ${sign > 0 ? "for" : "against"} “${about.label}”.`;
  }
  return `The exact map is grey: no part of this face speaks ${sign > 0 ? "for" : "against"} “${about.label}”.`;
}

/** Why there are two maps. */
export const WHY = {
  occlusion: "“Exact” means that it adds up: the mean of its fields and one constant are the score."
    + " But each field has seen much of the face around it, so it may light up beside what counts."
    + " Covering shows what the score depends on.",
  map: "The exact map adds up to the score: the mean of its fields and one constant."
    + " Covering checks it from outside.",
};

/** Score, exact map and covering in numbers, a line each; `activation` is a softmax or a sigmoid. */
export function figures(about, exact, covering, sign, { activation, attributes }) {
  const { logit, probability, temperature, constant } = about;
  const through = activation === "softmax" ? `through a softmax with the scores of all ${attributes.length}` : "through a sigmoid";
  const lines = [`Score (logit) ${two(logit)}; divided by ${two(temperature)} (its calibration) and ${through}: probability ${probabilityText(probability)}.`];
  const cost = ({ passes, milliseconds }) => `${passes === 1 ? "one look" : `${passes} looks`}, ${Math.max(1, Math.round(milliseconds))} ms`;
  const fields = `${exact.width} × ${exact.height} fields`;
  const total = exact.values.reduce((sum, value) => sum + value, 0) / exact.values.length + constant;
  // Of the rounded numbers, so that adding them up agrees.
  const mean = Number(total.toFixed(2)) - Number(constant.toFixed(2));
  const sum = `${two(mean)} ${constant < 0 ? "−" : "+"} ${Math.abs(constant).toFixed(2)} = ${two(total)}`;
  const strongest = strongestOf(exact, sign);
  const brightest = strongest > 0
    ? ` The brightest field ${sign > 0 ? "gives" : "takes"} ${strongest.toFixed(1)}, one of ${exact.values.length} that are averaged.` : "";
  lines.push(exact.way === "map"
    ? `Exact map: class activation map of the last layer, ${fields} (${cost(exact)}).${brightest} The mean of all fields and one constant are the score: ${sum}.`
    : `Exact map, as if its fields lay closer: ${fields}, put together from faces moved a little (${cost(exact)}).${brightest} Mean and constant: ${sum}; the answer itself comes from one look.`);
  if (covering) {
    lines.push(`By covering: occlusion sensitivity, ${covering.width} × ${covering.height} places (${cost(covering)}).`);
  }
  return lines;
}
