// `facelens.faces.align`: five points, a similarity transform, a crop on CelebA's template.
// A transform is six numbers, its two rows; points are pairs.
import { average, part, warped } from "./pixels.js";

export const WIDTH = 178;
export const HEIGHT = 218;
export const TEMPLATE = [[69.2, 112.1], [108.4, 112.4], [88.2, 134.8], [72.1, 152.0], [105.2, 152.6]];
export const BOX = { x: 46.2, y: 68.8, w: 86.3, h: 115.1 };
export const CENTRE = [BOX.x + BOX.w / 2, BOX.y + BOX.h / 2];
export const MIN_SCALE = 0.65;

/** Rotation, scale and shift from `source` to `target`, by weighted least squares. */
export function similarity(source, target, weights = source.map(() => 1)) {
  const total = weights.reduce((a, b) => a + b, 0);
  const mean = (points, axis) => points.reduce((sum, point, i) => sum + weights[i] * point[axis], 0) / total;
  const [zx, zy, wx, wy] = [mean(source, 0), mean(source, 1), mean(target, 0), mean(target, 1)];
  let [real, imaginary, variance] = [0, 0, 0];
  source.forEach(([sx, sy], i) => {
    const [x, y] = [sx - zx, sy - zy];
    const [u, v] = [target[i][0] - wx, target[i][1] - wy];
    real += weights[i] * (x * u + y * v);
    imaginary += weights[i] * (x * v - y * u);
    variance += weights[i] * (x * x + y * y);
  });
  const a = variance > 0 ? real / variance : 1;
  const b = variance > 0 ? imaginary / variance : 0;
  return [a, -b, wx - a * zx + b * zy, b, a, wy - b * zx - a * zy];
}

export const apply = ([a, b, x0, c, d, y0], points) => (
  points.map(([x, y]) => [a * x + b * y + x0, c * x + d * y + y0]));

export function invert([a, b, x0, c, d, y0]) {
  const by = 1 / (a * d - b * c);
  const [e, f, g, h] = [d * by, -b * by, -c * by, a * by];
  return [e, f, -(e * x0 + f * y0), g, h, -(g * x0 + h * y0)];
}

/** First `before`, then `after`. */
export const compose = ([a, b, x, c, d, y], [e, f, u, g, h, v]) => [
  a * e + b * g, a * f + b * h, a * u + b * v + x,
  c * e + d * g, c * f + d * h, c * u + d * v + y,
];

export const scaleOf = (warp) => Math.hypot(warp[0], warp[3]);

/** The crop of a photo under a warp. */
export function alignFace(pixels, warp, width = WIDTH, height = HEIGHT) {
  const [seen, own] = reduce(pixels, warp, width, height);
  return sample(seen, own, width, height);
}

export function sample(pixels, warp, width = WIDTH, height = HEIGHT) {
  return warped(pixels, invert(warp), width, height, scaleOf(warp) > 1);
}

/** Average a much larger face down first: the part that is seen, and the warp to sample it with. */
export function reduce(pixels, warp, width = WIDTH, height = HEIGHT, margin = 4) {
  const scale = scaleOf(warp) / MIN_SCALE;
  if (scale >= 1) return [pixels, warp];
  const seen = apply(invert(warp), [[0, 0], [width, 0], [0, height], [width, height]]);
  const around = margin / scale;
  const clip = (value, low, high) => Math.min(high, Math.max(low, value));
  const [xs, ys] = [0, 1].map((axis) => seen.map((point) => point[axis]));
  const left = clip(Math.floor(Math.min(...xs) - around), 0, pixels.width - 1);
  const top = clip(Math.floor(Math.min(...ys) - around), 0, pixels.height - 1);
  const right = clip(Math.ceil(Math.max(...xs) + around), left + 1, pixels.width);
  const bottom = clip(Math.ceil(Math.max(...ys) + around), top + 1, pixels.height);
  const cut = part(pixels, left, top, right - left, bottom - top);
  const small = [cut.width, cut.height].map((side) => Math.max(1, Math.round(side * scale)));
  const [x, y] = [cut.width / small[0], cut.height / small[1]];
  const back = [x, 0, (x - 1) / 2 + left, 0, y, (y - 1) / 2 + top];
  return [average(cut, ...small), compose(warp, back)];
}

/** The upright box of a face in its photo. */
export function faceBox(warp) {
  const scale = scaleOf(warp);
  const [[x, y]] = apply(invert(warp), [CENTRE]);
  const [w, h] = [BOX.w / scale, BOX.h / scale];
  return { x: x - w / 2, y: y - h / 2, w, h };
}

export const centreOf = ({ x, y, w, h }) => [x + w / 2, y + h / 2];
export const holds = ({ x, y, w, h }, [u, v]) => u >= x && u <= x + w && v >= y && v <= y + h;

/** Intersection over union. */
export function iou(one, other) {
  const across = Math.min(one.x + one.w, other.x + other.w) - Math.max(one.x, other.x);
  const down = Math.min(one.y + one.h, other.y + other.h) - Math.max(one.y, other.y);
  const both = Math.max(0, across) * Math.max(0, down);
  return both / (one.w * one.h + other.w * other.h - both);
}

const area = (points) => Math.abs(points.reduce((sum, [x, y], i) => {
  const [u, v] = points[(i + 1) % points.length];
  return sum + x * v - u * y;
}, 0)) / 2;

/** The share of a face's turned box outside a photo of this size (Sutherland & Hodgman, 1974). */
export function outside(warp, width, height) {
  const { x, y, w, h } = BOX;
  const face = apply(invert(warp), [[x, y], [x + w, y], [x + w, y + h], [x, y + h]]);
  let inside = face;
  const sides = [
    ([u]) => u + 0.5, ([u]) => width - 0.5 - u, ([, v]) => v + 0.5, ([, v]) => height - 0.5 - v,
  ];
  for (const depth of sides) {
    const kept = [];
    inside.forEach((point, i) => {
      const before = inside.at(i - 1);
      const [now, then] = [depth(point), depth(before)];
      if ((now >= 0) !== (then >= 0)) {
        const share = then / (then - now);
        kept.push([0, 1].map((axis) => before[axis] + share * (point[axis] - before[axis])));
      }
      if (now >= 0) kept.push(point);
    });
    inside = kept;
  }
  return Math.min(1, Math.max(0, 1 - area(inside) / Math.max(area(face), 1e-6)));
}

/** Of faces whose centres are closer than half a face, the first. */
export function distinct(found) {
  const kept = [];
  for (const face of found) {
    const box = faceBox(face.warp);
    const [x, y] = centreOf(box);
    const near = kept.some(({ other }) => {
      const [u, v] = centreOf(other);
      return Math.hypot(x - u, y - v) < Math.max(box.w, other.w) / 2;
    });
    if (!near) kept.push({ face, other: box });
  }
  return kept.map(({ face }) => face);
}

export const nms = (found) => distinct([...found].sort((a, b) => b.score - a.score));
