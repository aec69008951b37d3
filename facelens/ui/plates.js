// What is written of each face: on a plate in the picture that hides no face, or under the picture.
import { font } from "./overlay.js";
import { element, probabilityText } from "./shared.js";

const SHADES = { yes: "#2fb3aa", no: "#9aa9ac", doubtful: "#f0b04a" };
export const SIGNS = { yes: "✓", no: "–", doubtful: "?" };
const NARROW = 480; // px of the page; a narrower picture has no room for the plates of two
const STAY = 4000; // ms that words stay where they were moved for want of room, lest the page jumps
// How plates try to fit, the best first: `size` in px; clear of the head or of its box alone, which
// leaves out hair and ears (shares of its sides).
const WAYS = [{ size: 14, above: 0.25, below: 0.1, aside: 0.12 }, { size: 12, above: 0, below: 0.05, aside: 0.03 }];
const UNDER = WAYS.length; // the picture

const around = ({ x, y, w, h }, { above, below, aside }) => ({
  x: x - aside * w, y: y - above * h, w: w * (1 + 2 * aside), h: h * (1 + above + below),
});

/** Write beside the faces in the picture while there is room for all, else under it. */
export function facePlates() {
  const needed = WAYS.map(() => -Infinity).concat(-Infinity); // when each way was last the best one
  const way = (now) => needed.findLastIndex((when) => now - when < STAY);
  const list = element("ul", { className: "written", ariaLabel: "Written of each face", hidden: true });

  /** A plate for each of `faces` in one of the ways; null if one of them has no room. */
  function arrange(view, shown, faces, how) {
    if (faces.length > 1 && view.wide / view.ratio < NARROW) return null;
    const taken = [...shown.values()].filter((face) => face.box).map((face) => around(face.box, how));
    const plates = [];
    for (const [, face] of faces) {
      const plate = measure(view, face, how.size);
      const place = placeFor(face, plate, taken, { ...view, how });
      if (!place) return null;
      taken.push(Object.assign(plate, place));
      plates.push(plate);
    }
    return plates;
  }

  /** Paint a plate for each face of `shown`; all or none, for half of them would be read as all. */
  function paint(view, shown, picked) {
    const { now } = view;
    for (const face of shown.values()) face.plate = null;
    // The face that the board tells of has the first choice.
    const faces = [...shown].filter(([, face]) => face.words?.length && face.box)
      .toSorted(([a], [b]) => (b === picked) - (a === picked));
    if (!faces.length) return;
    const tried = WAYS.map((how) => arrange(view, shown, faces, how));
    const best = tried.findIndex(Boolean);
    needed[best < 0 ? UNDER : best] = now;
    tried[way(now)]?.forEach((plate, i) => {
      const [, face] = faces[i];
      face.plate = plate;
      face.side = plate.side;
      draw(view, face);
    });
  }

  /** Write under the picture what has no room in it. */
  function write(shown, there, now) {
    const rows = way(now) === UNDER ? there.map((number) => [number, shown.get(number)]) : [];
    const written = rows.filter(([, face]) => face.words?.length && face.box)
      .toSorted(([, one], [, other]) => one.box.x - other.box.x); // as they sit
    list.hidden = !written.length;
    list.replaceChildren(...written.map(([number, { words }]) => element("li", {},
      ...(there.length > 1 ? [element("b", {}, `Face ${number}`)] : []),
      ...words.map(({ label, probability, verdict }) => element("p", { dataset: { verdict } },
        element("span", {}, label),
        element("span", { className: "value" }, probabilityText(probability)),
        element("i", { ariaLabel: verdict || "no verdict", role: "img" }, SIGNS[verdict] ?? ""))))));
  }

  return {
    list, paint, write,
    clear() {
      needed.fill(-Infinity);
      list.hidden = true;
      list.replaceChildren();
    },
  };
}

/** The size of the plate of a face, and the lines on it. */
function measure(view, { words }, px) {
  const { context, tall } = view;
  const size = font(view, px);
  const line = Math.round(1.7 * size);
  const pad = Math.round(size / 2);
  const most = Math.max(1, Math.floor((tall - 3 * pad) / line));
  const rows = words.length > most ? words.slice(0, most - 1) : words;
  const texts = rows.map((row) => row.label);
  if (rows.length < words.length) texts.push(`and ${words.length - rows.length} more`);
  const digits = context.measureText(">0.99").width;
  const longest = Math.max(...texts.map((text) => context.measureText(text).width));
  const w = Math.ceil(longest + digits + size + 5 * pad);
  return { w, h: texts.length * line + pad, size, line, pad, rows, texts };
}

function draw(view, { plate, alpha }) {
  const { context } = view;
  const { x, y, w, h, size, line, pad, rows, texts } = plate;
  font(view, size / view.ratio);
  context.globalAlpha = alpha;
  context.fillStyle = "#0b1416c0";
  context.beginPath();
  context.roundRect(x, y, w, h, pad);
  context.fill();
  texts.forEach((text, i) => {
    const middle = y + pad / 2 + (i + 0.5) * line;
    const row = rows[i];
    if (row) {
      context.fillStyle = SHADES[row.verdict] ?? "#ffffff";
      context.fillRect(x, middle - line / 2 + 2, 4, line - 4);
      context.textAlign = "center";
      context.fillText(SIGNS[row.verdict] ?? "", x + w - pad - size / 2, middle);
      context.textAlign = "right";
      context.fillText(probabilityText(row.probability), x + w - 2 * pad - size, middle);
      context.textAlign = "left";
    }
    context.fillStyle = row && row.verdict !== "no" ? "#ffffff" : "#d0dadb";
    context.fillText(text, x + 1.5 * pad, middle);
  });
}

/** Where a plate hides no face and no other plate: beside its face, below or above it; else null.
 *
 * It stays on the side where it was while there is room.
 */
function placeFor(face, { w, h, pad: gap }, taken, { wide, tall, how }) {
  const head = around(face.box, how);
  const inside = (at, size, room) => Math.min(room - size - gap, Math.max(gap, at));
  // At the middle of the head's side, else towards one of its ends.
  const along = (from, length, size, room) => [(length - size) / 2, 0, length - size]
    .map((shift) => inside(from + shift, size, room));
  const rows = along(head.y, head.h, h, tall);
  const columns = along(head.x, head.w, w, wide);
  const places = {
    right: rows.map((y) => ({ x: head.x + head.w + gap, y })),
    left: rows.map((y) => ({ x: head.x - gap - w, y })),
    below: columns.map((x) => ({ x, y: head.y + head.h + gap })),
    above: columns.map((x) => ({ x, y: head.y - gap - h })),
  };
  const apart = ({ x, y }, other) => x + w <= other.x || other.x + other.w <= x
    || y + h <= other.y || other.y + other.h <= y;
  const fits = (place) => place.x >= 0 && place.y >= 0 && place.x + w <= wide && place.y + h <= tall
    && taken.every((other) => apart(place, other));
  const sides = head.x + head.w / 2 > wide / 2 ? ["left", "right"] : ["right", "left"];
  for (const side of [face.side, ...sides, "below", "above"].filter(Boolean)) {
    const place = places[side].find(fits);
    if (place) return { ...place, side };
  }
  return null;
}
