// What is drawn over the moving picture. A `view` says where: the canvas and its size, how many of its
// pixels are one of the page's (`ratio`) and of the frame's (`to`), whether it is a mirror (`flip`), the
// time and how much of it has passed since the last painting.

import { probabilityText } from "./shared.js";

// How fast a box and a map come two thirds of the way to where they should be.
const EASE = 60;
const MAP_EASE = 250;
const GONE = 250; // so long a box fades after its face was last seen
const LEAST_TOP = 1; // a map's brightest colour stands for at least so much of the score
const LITTLE = 0.1; // of a plate may lie over others
const SHADES = { yes: "#2fb3aa", no: "#9aa9ac", doubtful: "#f0b04a" };
const SIGNS = { yes: "✓", no: "–", doubtful: "?" };
const towards = (from, to, share) => from.map((value, i) => value + share * (to[i] - value));

/** The view of the picture of `video` on a `canvas` as large as it; null while there is none. */
export function viewOf(canvas, video, frame, { flip, now, passed }) {
  const ratio = Math.min(2, devicePixelRatio || 1);
  const [wide, tall] = [Math.round(video.clientWidth * ratio), Math.round(video.clientHeight * ratio)];
  if (!wide) return null;
  if (canvas.width !== wide || canvas.height !== tall) Object.assign(canvas, { width: wide, height: tall });
  const to = { x: wide / frame.width, y: tall / frame.height };
  return { context: canvas.getContext("2d"), wide, tall, ratio, to, flip, now, passed };
}

/** The place of `event` in pixels of `canvas`. */
export function placeOn(canvas, event) {
  const edge = canvas.getBoundingClientRect();
  const x = ((event.clientX - edge.left) * canvas.width) / edge.width;
  const y = ((event.clientY - edge.top) * canvas.height) / edge.height;
  return [x, y];
}

/** What speaks for an attribute as a small picture in the colours of `lut`, clear where nothing does. */
function tint(canvas, values, height, width, lut) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  const top = Math.max(LEAST_TOP, ...values);
  values.forEach((value, i) => {
    const share = Math.max(0, value) / top;
    const colour = 3 * Math.round(255 * share);
    for (let c = 0; c < 3; c += 1) picture.data[4 * i + c] = lut[colour + c];
    picture.data[4 * i + 3] = Math.round(200 * share);
  });
  context.putImageData(picture, 0, 0);
}

/** Paint every face of `shown`, by its number: map, box, words. Those long gone are taken out. */
export function paintFaces(view, shown, { network, lut, picked }) {
  const { context, wide, tall, now, passed } = view;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, wide, tall);
  for (const [number, face] of shown) if (face.left && now - face.left > GONE) shown.delete(number);
  const share = 1 - Math.exp(-passed / EASE);
  for (const face of shown.values()) {
    face.place = towards(face.place, face.target, share);
    if (face.values) drawMap(view, face, { network, lut });
  }
  for (const [number, face] of shown) {
    drawBox(view, number, face, { network, mine: number === picked, alone: shown.size < 2 });
  }
  // The face that the board tells of is the first to have its words written.
  const taken = [...shown.values()].map((face) => face.box);
  for (const [number, face] of [...shown].sort(([a], [b]) => (b === picked) - (a === picked))) {
    if (face.words?.length) drawWords(view, face, taken, number === picked);
  }
  context.globalAlpha = 1;
}

/** The upright box of a face in pixels of the frame, from where its template lies there. */
function boxOf(place, [x, y, w, h]) {
  const scale = Math.hypot(place[0], place[3]);
  const [cx, cy] = [x + w / 2, y + h / 2];
  return {
    x: place[0] * cx + place[1] * cy + place[2] - (w * scale) / 2,
    y: place[3] * cx + place[4] * cy + place[5] - (h * scale) / 2,
    w: w * scale,
    h: h * scale,
  };
}

/** The map of a face, laid as its template lies; it comes to a new one as softly as a box does. */
function drawMap({ context, wide, to, flip, passed }, face, { network, lut }) {
  const share = 1 - Math.exp(-passed / MAP_EASE);
  const { height, width } = face.map;
  face.tinted = face.tinted ? towards(face.tinted, face.values, share) : face.values;
  face.tint ??= document.createElement("canvas");
  tint(face.tint, face.tinted, height, width, lut);
  const [a, c, e, b, d, f] = face.place;
  if (flip) context.setTransform(-to.x, 0, 0, to.y, wide, 0);
  else context.setTransform(to.x, 0, 0, to.y, 0, 0);
  context.transform(a, b, c, d, e, f);
  context.drawImage(face.tint, 0, 0, ...network.size);
  context.setTransform(1, 0, 0, 1, 0, 0);
}

/** Set the type, and give its size. */
function font({ context, wide, ratio }) {
  const size = Math.round((wide / ratio < 480 ? 12 : 14) * ratio);
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  return size;
}

function drawBox(view, number, face, { network, mine, alone }) {
  const { context, wide, ratio, to, flip, now } = view;
  const box = boxOf(face.place, network.box);
  const [w, h, y] = [box.w * to.x, box.h * to.y, box.y * to.y];
  const x = flip ? wide - (box.x + box.w) * to.x : box.x * to.x;
  face.box = { x, y, w, h };
  // It neither jumps in nor out.
  face.alpha = face.left ? Math.max(0, 1 - (now - face.left) / GONE) : Math.min(1, (now - face.born) / 150);
  context.globalAlpha = face.alpha;
  const outline = (width, style) => {
    context.lineWidth = width * ratio;
    context.strokeStyle = style;
    context.beginPath();
    context.roundRect(x, y, w, h, 8 * ratio);
    context.stroke();
  };
  outline(5, "#00000070");
  outline(3, mine ? "#4fd8cf" : "#ffffff");
  if (alone) return;
  const size = font(view);
  const width = context.measureText(number).width + size;
  context.fillStyle = mine ? "#0b7373" : "#000000b0";
  context.beginPath();
  context.roundRect(x, y, width, 1.6 * size, [8 * ratio, 0, 8 * ratio, 0]);
  context.fill();
  context.fillStyle = "#ffffff";
  context.fillText(number, x + size / 2, y + 0.85 * size);
}

/** The chosen attributes on a plate beside the box, never outside the picture. */
function drawWords(view, face, taken, first) {
  const { context, wide, tall } = view;
  const { words } = face;
  const size = font(view);
  const line = Math.round(1.7 * size);
  const pad = Math.round(size / 2);
  const most = Math.max(1, Math.floor((tall - 3 * pad) / line));
  const rows = words.length > most ? words.slice(0, most - 1) : words;
  const texts = rows.map((row) => row.label);
  if (rows.length < words.length) texts.push(`and ${words.length - rows.length} more`);
  const digits = context.measureText(">0.99").width;
  const longest = Math.max(...texts.map((text) => context.measureText(text).width));
  const plate = { w: Math.ceil(longest + digits + size + 5 * pad), h: texts.length * line + pad };
  const at = placeFor(face, plate, taken, { wide, tall, gap: pad, first });
  if (!at) return;
  const { x, y } = Object.assign(plate, at);
  taken.push(plate);
  context.globalAlpha = face.alpha;
  context.fillStyle = "#0b1416c0";
  context.beginPath();
  context.roundRect(x, y, plate.w, plate.h, pad);
  context.fill();
  texts.forEach((text, i) => {
    const middle = y + pad / 2 + (i + 0.5) * line;
    const row = rows[i];
    if (row) {
      context.fillStyle = SHADES[row.verdict] ?? "#ffffff";
      context.fillRect(x, middle - line / 2 + 2, 4, line - 4);
      context.textAlign = "center";
      context.fillText(SIGNS[row.verdict] ?? "", x + plate.w - pad - size / 2, middle);
      context.textAlign = "right";
      context.fillText(probabilityText(row.probability), x + plate.w - 2 * pad - size, middle);
      context.textAlign = "left";
    }
    context.fillStyle = row && row.verdict !== "no" ? "#ffffff" : "#d0dadb";
    context.fillText(text, x + 1.5 * pad, middle);
  });
}

/** Where a plate hides nobody else and no other plate: beside the box, below or above it.
 *
 * It stays on the side where it was while there is room. Where it would hide much of others, it is
 * left out; only the first face's may hide a little, or its own.
 */
function placeFor(face, { w, h }, taken, { wide, tall, gap, first }) {
  const { box } = face;
  const inside = (at, size, room) => Math.min(room - size - gap, Math.max(gap, at));
  const middle = inside(box.y + (box.h - h) / 2, h, tall);
  const centre = inside(box.x + (box.w - w) / 2, w, wide);
  const places = {
    right: { x: box.x + box.w + gap, y: middle },
    left: { x: box.x - gap - w, y: middle },
    below: { x: centre, y: box.y + box.h + gap },
    above: { x: centre, y: box.y - gap - h },
  };
  const common = ({ x, y }, other) => Math.max(0, Math.min(x + w, other.x + other.w) - Math.max(x, other.x))
    * Math.max(0, Math.min(y + h, other.y + other.h) - Math.max(y, other.y));
  const hidden = (place) => taken.reduce((sum, other) => sum + common(place, other), 0);
  const fits = ({ x, y }) => x >= 0 && y >= 0 && x + w <= wide && y + h <= tall;
  const sides = box.x + box.w / 2 > wide / 2 ? ["left", "right"] : ["right", "left"];
  const order = [face.side, ...sides, "below", "above"].filter(Boolean);
  face.side = order.find((side) => fits(places[side]) && hidden(places[side]) === 0);
  if (face.side) return places[face.side];
  if (!first) return null;
  const pushed = order.map((side) => ({ x: inside(places[side].x, w, wide), y: inside(places[side].y, h, tall) }));
  // Over the own face rather than over another's.
  const others = (place) => hidden(place) - common(place, box);
  const [best] = pushed.toSorted((a, b) => 4 * others(a) + common(a, box) - 4 * others(b) - common(b, box));
  return others(best) <= LITTLE * w * h ? best : null;
}
