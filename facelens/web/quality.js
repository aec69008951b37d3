// `facelens.faces.quality`: reasons why an answer about a face is less reliable.
import { BOX } from "./align.js";
import { grey, part } from "./pixels.js";

const SMALLEST_WIDTH = 40;
const DARKEST_MEAN = 45;
const LEAST_DETAIL = 50;
const LARGEST_OFFSET = 0.38;
const LARGEST_OUTSIDE = 0.15;
const COVERED_LOGIT = 3.69;
const COVERED_COLOUR = 0.098;
const MIN_SCORE = 0.5;
const NOSE = [80, 98, 17, 18]; // left, top, width, height in the crop
const CHIN = [78, 164, 22, 14];

/** Sentences, none if the face is easy to read. */
export function hints(crop, width, landmarks, fit, outside) {
  const box = part(grey(crop), ...[BOX.x, BOX.y, BOX.w, BOX.h].map(Math.round));
  const reasons = [];
  if (width < SMALLEST_WIDTH) reasons.push(`The face is only ${Math.round(width)} pixels wide in the photo.`);
  if (outside > LARGEST_OUTSIDE) reasons.push("Part of the face lies outside the photo.");
  else if (isCovered(crop, fit)) reasons.push("Part of the face is covered, or the face is turned or unclear.");
  if (noseOffset(landmarks) > LARGEST_OFFSET) reasons.push("The face is turned away from the camera.");
  if (box.data.reduce((a, b) => a + b, 0) / box.data.length < DARKEST_MEAN) reasons.push("The face is dark.");
  else if (detail(box) < LEAST_DETAIL) reasons.push("The face is blurred.");
  return reasons;
}

function isCovered(crop, fit) {
  const logit = Math.log(Math.max(fit, 1e-6) / Math.max(1 - fit, 1e-6));
  return fit < MIN_SCORE || logit < COVERED_LOGIT + COVERED_COLOUR * chinColour(crop);
}

/** The variance of the Laplacian, its edges reflected. */
function detail({ data, width, height }) {
  const at = (x, y) => {
    const mirrored = (i, side) => (i < 0 ? -i : i >= side ? 2 * side - 2 - i : i);
    return data[mirrored(y, height) * width + mirrored(x, width)];
  };
  let [sum, squares] = [0, 0];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const value = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4 * at(x, y);
      sum += value;
      squares += value * value;
    }
  }
  const count = width * height;
  return squares / count - (sum / count) ** 2;
}

const straight = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const bent = (t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);

/** a and b of 8-bit CIE Lab. */
function colourOf(red, green, blue) {
  const [r, g, b] = [red, green, blue].map((value) => straight(value / 255));
  const x = bent((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.950456);
  const y = bent(0.212671 * r + 0.71516 * g + 0.072169 * b);
  const z = bent((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.088754);
  return [Math.round(500 * (x - y)) + 128, Math.round(200 * (y - z)) + 128];
}

const median = (values) => {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

function chinColour(crop) {
  const [nose, chin] = [NOSE, CHIN].map((place) => {
    const { data, channels } = part(crop, ...place);
    const colours = [];
    for (let i = 0; i < data.length; i += channels) colours.push(colourOf(data[i], data[i + 1], data[i + 2]));
    return [0, 1].map((axis) => median(colours.map((colour) => colour[axis])));
  });
  return Math.hypot(nose[0] - chin[0], nose[1] - chin[1]);
}

/** Distance of the nose's tip from the line mid-eyes to mid-mouth, as a share of its length. */
export function noseOffset(landmarks) {
  const middle = ([a, b], [c, d]) => [(a + c) / 2, (b + d) / 2];
  const eyes = middle(landmarks[0], landmarks[1]);
  const mouth = middle(landmarks[3], landmarks[4]);
  const axis = [mouth[0] - eyes[0], mouth[1] - eyes[1]];
  const nose = [landmarks[2][0] - eyes[0], landmarks[2][1] - eyes[1]];
  const across = Math.abs(axis[0] * nose[1] - axis[1] * nose[0]);
  return across / Math.max(axis[0] ** 2 + axis[1] ** 2, 1e-6);
}

/** Mean grey of a photo, 0 to 255, of every `step`th pixel. */
export function brightness({ data, channels, width, height }) {
  const step = Math.max(1, Math.floor(Math.sqrt((width * height) / 1e6))) * channels;
  let [sum, count] = [0, 0];
  for (let i = 0; i < data.length; i += step) {
    sum += 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
    count += 1;
  }
  return sum / count;
}
