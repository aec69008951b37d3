// `facelens.faces.yunet` and `facelens.faces.search`: every face of a photo.
import { alignFace, apply, centreOf, compose, distinct, faceBox, holds, invert, nms, similarity, TEMPLATE } from "./align.js";
import { tensor } from "./engine.js";
import { MIN_SCORE, SURE_SCORE } from "./landmarks.js";
import { bounded, even, part, quarter } from "./pixels.js";

const SIDE = 512;
const NARROWEST = 16;
const CONFIDENCE = 0.6;
const EAGER_CONFIDENCE = 0.25;
const UNREFINED = 0.8;
const WEIGHTS = [2, 2, 0.3, 1, 1];
const PASSES = 2;

const FINEST = 5e6;
const STEP = 3;
const TILE = 1024;
const WORTHWHILE = 1.2;
const LARGE = 1.75;
const SHARED = 1.5;
const AGAIN = SHARED / 1.25 / LARGE;

/** Points of a tile in photo pixels. */
const toPhoto = ({ factor, x, y }, points) => (
  points.map(([u, v]) => [(u + x + 0.5) * factor - 0.5, (v + y + 0.5) * factor - 0.5]));

/** A side in equal parts of at most `TILE` pixels that overlap by `shared`. */
function parts(side, shared) {
  const count = Math.max(1, Math.ceil((side - shared) / (TILE - shared)));
  const length = Math.ceil((side + (count - 1) * shared) / count);
  return Array.from({ length: count }, (_, n) => {
    const start = even((n * (side - length)) / Math.max(count - 1, 1));
    return [start, length];
  });
}

function* tiles(pixels, by, shared) {
  const [small, factor] = bounded(pixels, even(Math.max(pixels.width, pixels.height) / by));
  for (const [y, height] of parts(small.height, shared)) {
    for (const [x, width] of parts(small.width, shared)) {
      yield { pixels: part(small, x, y, width, height), factor, x, y };
    }
  }
}

/** Join two levels: large faces of the coarser one, others of the finer. */
function merge(coarse, fine, large) {
  const known = coarse.map((face) => ({ face, box: faceBox(face.warp) }));
  const wide = known.filter(({ box }) => box.w >= large);
  const kept = known.filter(({ box }) => box.w >= AGAIN * large);
  const fresh = fine.filter(({ warp }) => !wide.some(({ box }) => holds(box, centreOf(faceBox(warp)))));
  return distinct([...wide.map(({ face }) => face), ...fresh, ...kept.map(({ face }) => face)]);
}

/** The detector from its graph, that which decodes its outputs, and the landmarks' refiner. */
export function detector(graph, decoder, refiner) {
  /** What YuNet sees in a small picture, best first. */
  async function rows(small, floor = CONFIDENCE) {
    const [height, width] = [small.height, small.width].map((side) => Math.ceil(side / 32) * 32);
    const plane = height * width;
    const values = new Float32Array(3 * plane); // blue, green, red
    for (let y = 0; y < small.height; y += 1) {
      for (let x = 0; x < small.width; x += 1) {
        const from = (y * small.width + x) * small.channels;
        for (let c = 0; c < 3; c += 1) values[(2 - c) * plane + y * width + x] = small.data[from + c];
      }
    }
    const outputs = await graph.run({ [graph.takes[0]]: tensor("float32", values, [1, 3, height, width]) });
    const found = await decoder.run({
      ...Object.fromEntries(Object.entries(outputs).map(([name, { data, dims }]) => [name, tensor("float32", data, dims)])),
      grid: tensor("int64", BigInt64Array.of(BigInt(height), BigInt(width)), [2]),
      floor: tensor("float32", Float32Array.of(floor), []),
    });
    const places = found.landmarks.data;
    return [...found.scores.data].map((score, i) => ({
      score, points: Array.from({ length: 5 }, (_, k) => [places[10 * i + 2 * k], places[10 * i + 2 * k + 1]]),
    }));
  }

  const fitted = (points) => similarity(points, TEMPLATE, WEIGHTS);
  const moved = (refined, warp, points) => apply(compose(invert(refined), warp), points);

  async function refined(pixels, points, score) {
    const warp = fitted(points);
    const { warp: better, fit } = await refiner.refine(pixels, warp, PASSES);
    if (fit < SURE_SCORE) {
      const upright = await turnedUpright(pixels, warp, score);
      if (upright) return upright;
    }
    if (fit < MIN_SCORE) return { warp, landmarks: points, score, fit };
    return { warp: better, landmarks: moved(better, warp, points), score, fit };
  }

  /** Turn a face upright and detect it once more there; null if no turn shows a face. */
  async function turnedUpright(pixels, rough, score) {
    const turned = await refiner.turned(pixels, rough);
    if (!turned) return null;
    const found = await rows(alignFace(pixels, turned));
    if (!found.length) return null;
    const away = ({ points }) => points.reduce((sum, [x, y], i) => sum + Math.abs(x - TEMPLATE[i][0]) + Math.abs(y - TEMPLATE[i][1]), 0);
    const { points } = found.reduce((a, b) => (away(b) < away(a) ? b : a));
    const warp = fitted(points);
    const { warp: better, fit } = await refiner.refine(pixels, compose(warp, turned), PASSES);
    return fit >= SURE_SCORE ? { warp: better, landmarks: moved(better, warp, points), score, fit } : null;
  }

  /** Faces that lie on their side. */
  async function sideways(pixels, first) {
    const last = first.pixels.width - 1;
    const found = [];
    for (const { score, points } of await rows(quarter(first.pixels))) {
      const back = points.map(([x, y]) => [last - y, x]);
      found.push(await refined(pixels, toPhoto(first, back), score));
    }
    return found.filter(({ fit }) => fit >= SURE_SCORE);
  }

  /** Every face of `pixels`, not in order; `finer` looks at finer levels, `eager` takes more for a face. */
  return async function detect(pixels, { finer = false, eager = false } = {}) {
    const [small, factor] = bounded(pixels, SIDE);
    const first = { pixels: small, factor, x: 0, y: 0 };

    const look = async (tile) => {
      const found = [];
      for (const { score, points } of await rows(tile.pixels, eager ? EAGER_CONFIDENCE : CONFIDENCE)) {
        found.push(await refined(pixels, toPhoto(tile, points), score));
      }
      if (eager) return found.filter(({ fit }) => fit >= MIN_SCORE);
      return tile === first ? found : found.filter(({ fit, score }) => fit >= MIN_SCORE || score >= UNREFINED);
    };

    let found = await look(first);
    if (finer) found = await searched(pixels, found, look);
    const sure = found.filter(({ fit }) => fit >= SURE_SCORE);
    if (found.length && sure.length === found.length) return found;
    return distinct([...sure, ...await sideways(pixels, first), ...found]);
  };
}

/** Add to the first look what finer levels show. */
async function searched(pixels, seen, look) {
  const first = Math.max(pixels.height, pixels.width) / SIDE;
  const last = Math.max(1, Math.sqrt((pixels.height * pixels.width) / FINEST));
  if (first < WORTHWHILE * last) return seen;
  const levels = Math.ceil(Math.log(first / last) / Math.log(STEP));
  const step = (first / last) ** (1 / levels);
  let found = seen;
  let factor = first;
  for (let level = 0; level < levels; level += 1) {
    const large = LARGE * NARROWEST * factor;
    if (found.length && Math.min(...found.map(({ warp }) => faceBox(warp).w)) >= large) break;
    factor /= step;
    const fine = [];
    for (const tile of tiles(pixels, factor, Math.ceil(SHARED * NARROWEST * step))) fine.push(...await look(tile));
    found = merge(found, nms(fine), large);
  }
  return found;
}
