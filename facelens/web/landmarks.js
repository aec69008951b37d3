// `facelens.faces.landmarks`: the network that refines a rough warp, and scores whether there is a face.
import { alignFace, apply, CENTRE, compose, scaleOf, similarity, TEMPLATE } from "./align.js";
import { tensor } from "./engine.js";
import { grey } from "./pixels.js";

export const MIN_SCORE = 0.5;
export const SURE_SCORE = 0.99;
const PATCH = 64;
const VIEW = 140;
const VIEW_CENTRE = [89, 122];
const TURNS = [45, 90, 135, 180, 225, 270, 315];
const TURNED_PASSES = 3;
// Of a box drawn by hand, as of a cascade's: `facelens.faces.landmarks.guess`.
const SQUARE_CENTRE = [89, 123.4];
const SQUARE_SIDE = 102.4;

const scale = PATCH / VIEW;
const SEEN = [
  scale, 0, PATCH / 2 - 0.5 - scale * VIEW_CENTRE[0],
  0, scale, PATCH / 2 - 0.5 - scale * VIEW_CENTRE[1],
];

const sigmoid = (logit) => 1 / (1 + Math.exp(-logit));

/** The rough warp of a square box. */
export function guess(x, y, side) {
  const by = SQUARE_SIDE / side;
  return [
    by, 0, SQUARE_CENTRE[0] - by * (x + side / 2), 0, by, SQUARE_CENTRE[1] - by * (y + side / 2),
  ];
}

/** Turn what a warp shows, counter-clockwise. */
function turn(warp, degrees) {
  const angle = (degrees * Math.PI) / 180;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const [x, y] = VIEW_CENTRE;
  return compose([c, s, (1 - c) * x - s * y, -s, c, s * x + (1 - c) * y], warp);
}

/** By how many degrees a face leans from upright. */
export const leaning = (warp) => Math.abs((Math.atan2(warp[3], warp[0]) * 180) / Math.PI);

export function refiner(graph) {
  const greys = new WeakMap(); // of photos
  function greyOf(pixels) {
    if (!greys.has(pixels)) greys.set(pixels, grey(pixels));
    return greys.get(pixels);
  }

  async function look(pixels, warps) {
    const patches = new Uint8Array(warps.length * PATCH * PATCH);
    warps.forEach((warp, i) => {
      patches.set(alignFace(greyOf(pixels), compose(SEEN, warp), PATCH, PATCH).data, i * PATCH * PATCH);
    });
    const found = await graph.run({ patch: tensor("uint8", patches, [warps.length, PATCH, PATCH]) });
    const points = found.points.data;
    return warps.map((warp, i) => {
      const five = Array.from({ length: 5 }, (_, k) => [points[10 * i + 2 * k], points[10 * i + 2 * k + 1]]);
      return { logit: found.logit.data[i], warp: compose(similarity(five, TEMPLATE), warp) };
    });
  }

  return {
    /** The refined warp, and the score of what the last look showed. */
    async refine(pixels, warp, passes) {
      let now = { warp, logit: Number.POSITIVE_INFINITY };
      for (let i = 0; i < passes; i += 1) [now] = await look(pixels, [now.warp]);
      return { warp: now.warp, fit: sigmoid(now.logit) };
    },
    /** The turn of a rough warp that shows an upright face, refined; null if none does. */
    async turned(pixels, warp) {
      let found = TURNS.map((degrees) => ({ warp: turn(warp, degrees) }));
      for (let i = 0; i < TURNED_PASSES; i += 1) found = await look(pixels, found.map((each) => each.warp));
      const best = found.reduce((a, b) => (b.logit > a.logit ? b : a));
      return sigmoid(best.logit) >= SURE_SCORE ? best.warp : null;
    },
  };
}

/** `facelens.faces.track`: what of a face goes on from frame to frame. */
export function stateOf(warp, box) {
  return [box.x + box.w / 2, box.y + box.h / 2, -Math.log(scaleOf(warp)), Math.atan2(warp[3], warp[0])];
}

/** The warp of a face in such a state. */
export function warpOf([x, y, size, angle]) {
  const [a, b] = [Math.exp(-size) * Math.cos(angle), Math.exp(-size) * Math.sin(angle)];
  const [[u, v]] = apply([a, -b, 0, b, a, 0], [[x, y]]);
  return [a, -b, CENTRE[0] - u, b, a, CENTRE[1] - v];
}
