// `facelens.faces.quality`: reasons why an answer about a face is less reliable.
import { tensor } from "./engine.js";

const SMALLEST_WIDTH = 40;
const DARKEST_MEAN = 45;
const LEAST_DETAIL = 50;
const LARGEST_OFFSET = 0.38;
const LARGEST_OUTSIDE = 0.15;
const COVERED_LOGIT = 3.69;
const COVERED_COLOUR = 0.098;
const MIN_SCORE = 0.5;

/** `facelens.tasks.attributes.weak.weak`: the rows that are often wrong on faces of this width, each with why. */
export function weakRows(rows, width) {
  const here = rows.filter((each) => each.from <= width && width < each.below);
  return Object.fromEntries(here.map(({ name, text }) => [name, text]));
}

/** Sentences, none if the face is easy to read; `graph` measures light, detail and the chin's colour of a crop. */
export async function hints(graph, crop, width, landmarks, fit, outside) {
  const found = await graph.run({ crop: tensor("uint8", crop.data, [crop.height, crop.width, 3]) });
  const [light, detail, chin] = ["light", "detail", "chin"].map((name) => found[name].data[0]);
  const reasons = [];
  if (width < SMALLEST_WIDTH) reasons.push(`The face is only ${Math.round(width)} pixels wide in the photo.`);
  if (outside > LARGEST_OUTSIDE) reasons.push("Part of the face lies outside the photo.");
  else if (isCovered(chin, fit)) reasons.push("Part of the face is covered, or the face is turned or unclear.");
  if (noseOffset(landmarks) > LARGEST_OFFSET) reasons.push("The face is turned away from the camera.");
  if (light < DARKEST_MEAN) reasons.push("The face is dark.");
  else if (detail < LEAST_DETAIL) reasons.push("The face is blurred.");
  return reasons;
}

function isCovered(chin, fit) {
  const logit = Math.log(Math.max(fit, 1e-6) / Math.max(1 - fit, 1e-6));
  return fit < MIN_SCORE || logit < COVERED_LOGIT + COVERED_COLOUR * chin;
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
