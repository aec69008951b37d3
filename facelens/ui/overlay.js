// What is drawn over the moving picture. A `view` says where: the canvas and its size, how many of its
// pixels are one of the page's (`ratio`) and of the frame's (`to`), whether it is a mirror (`flip`), the
// time and how much of it has passed since the last painting.

import { kindAt, letterOf } from "./kinds.js";

// How fast a box and a map come two thirds of the way to where they should be.
const EASE = 60;
const MAP_EASE = 250;
const GONE = 250; // so long a box fades after its face was last seen
const LEAST_TOP = 1; // a map's brightest colour stands for at least so much of the score
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

/** Paint every face of `shown`, by its number: map and box. Those long gone are taken out.
 *
 * `stands`: over the very picture that was answered, so that nothing has to come to its place.
 */
export function paintFaces(view, shown, { network, lut, picked, stands }) {
  const { context, wide, tall, now, passed } = view;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, wide, tall);
  context.globalAlpha = 1;
  for (const [number, face] of shown) if (face.left && (stands || now - face.left > GONE)) shown.delete(number);
  const share = stands ? 1 : 1 - Math.exp(-passed / EASE);
  for (const face of shown.values()) {
    face.place = towards(face.place, face.target, share);
    if (face.values) drawMap(view, face, { network, lut });
    drawPoints(view, face);
  }
  for (const [number, face] of shown) {
    drawBox(view, number, face, { network, mine: number === picked, alone: shown.size < 2 });
  }
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

/** The keypoints of a face, which lie as its template does. */
function drawPoints({ context, wide, ratio, to, flip }, { place: [a, c, e, b, d, f], points }) {
  context.fillStyle = "#4fd8cf";
  context.strokeStyle = "#00262a";
  context.lineWidth = ratio;
  for (const [x, y] of points) {
    const across = (a * x + c * y + e) * to.x;
    context.beginPath();
    context.arc(flip ? wide - across : across, (b * x + d * y + f) * to.y, 2.5 * ratio, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

/** Set the type, and give its size. */
export function font({ context, ratio }, px) {
  const size = Math.round(px * ratio);
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
  if (face.mark) {
    markLine(context, face.mark, ratio);
    outline(mine ? 4 : 3, context.strokeStyle);
    context.setLineDash([]);
    paintLetter(view, face.box, face.mark);
  } else outline(3, mine ? "#4fd8cf" : "#ffffff");
  if (alone) return;
  const size = font(view, view.wide / ratio < 480 ? 12 : 14);
  const width = context.measureText(number).width + size;
  context.fillStyle = mine ? "#0b7373" : "#000000b0";
  context.beginPath();
  context.roundRect(x, y, width, 1.6 * size, [8 * ratio, 0, 8 * ratio, 0]);
  context.fill();
  context.fillStyle = "#ffffff";
  context.fillText(number, x + size / 2, y + 0.85 * size);
}

/** Set colour and dashes of the line around a box. */
export function markLine(context, { kind }, ratio) {
  const { line, dash } = kindAt(kind);
  context.strokeStyle = line;
  context.setLineDash(dash.map((length) => length * ratio));
}

/** The letter of a box at its upper right corner: above it, or within where there is no room. */
export function paintLetter(view, { x, y, w }, mark) {
  const { context, ratio, wide } = view;
  const { plate, ink } = kindAt(mark.kind);
  const size = font(view, wide / ratio < 480 ? 12 : 14);
  const text = letterOf(mark, mark.verdict);
  const across = Math.max(context.measureText(text).width + 0.7 * size, 1.5 * size);
  const high = 1.5 * size;
  const [left, top] = [x + w - across, y >= high ? y - high : y];
  context.fillStyle = plate;
  context.beginPath();
  context.roundRect(left, top, across, high, 4 * ratio);
  context.fill();
  context.lineWidth = ratio;
  context.strokeStyle = "#00000070";
  context.stroke();
  context.fillStyle = ink;
  context.textAlign = "center";
  context.fillText(text, left + across / 2, top + 0.53 * high);
  context.textAlign = "left";
}
