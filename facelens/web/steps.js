// `facelens.ui.steps` and `facelens.explain.stem`: a face through one filter of the first layer.
import { png } from "./pictures.js";
import { picture } from "./pixels.js";

const FULL = 65535;
const FILTER_SIDE = 63;
const MEAN = [0.485, 0.456, 0.406]; // `facelens.imagenet`: the border that the network adds

/** cv2.resize of floats with INTER_LINEAR: RGB from 0 to 1. */
function small({ data, width, height }, [tall, wide]) {
  const result = new Float32Array(tall * wide * 3);
  const places = (from, to) => Array.from({ length: to }, (_, i) => {
    const at = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.min(from - 1, Math.floor(at));
    return [low, Math.min(from - 1, low + 1), low >= from - 1 ? 0 : at - low];
  });
  const columns = places(width, wide);
  let to = 0;
  for (const [above, below, down] of places(height, tall)) {
    for (const [left, right, across] of columns) {
      for (let c = 0; c < 3; c += 1) {
        const at = (y, x) => data[(y * width + x) * 3 + c];
        const top = at(above, left) * (1 - across) + at(above, right) * across;
        const low = at(below, left) * (1 - across) + at(below, right) * across;
        result[to] = (top * (1 - down) + low * down) / 255;
        to += 1;
      }
    }
  }
  return result;
}

/** Colours with a border of the network's mean colour, in 65535ths. */
function padded(colours, [tall, wide], reach) {
  const [height, width] = [tall + 2 * reach, wide + 2 * reach];
  const result = new Uint16Array(height * width * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const inside = y >= reach && y < tall + reach && x >= reach && x < wide + reach;
      for (let c = 0; c < 3; c += 1) {
        const value = inside ? colours[((y - reach) * wide + x - reach) * 3 + c] : MEAN[c];
        result[(y * width + x) * 3 + c] = Math.round(value * FULL);
      }
    }
  }
  return result;
}

const deviation = (values) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
};

/** Channels by how much they differ over the face, those first that ReLU halves. */
function telling(maps) {
  const known = maps.map((values, channel) => {
    const negative = values.filter((value) => value < 0).length / values.length;
    return { channel, spread: deviation(values), halved: negative > 0.15 && negative < 0.85 };
  });
  return known.sort((a, b) => b.halved - a.halved || b.spread - a.spread).map(({ channel }) => channel);
}

/** The largest of 3 x 3 fields at every second place. */
function pooledByThree(values, [height, width]) {
  const [tall, wide] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const result = new Float32Array(tall * wide);
  for (let y = 0; y < tall; y += 1) {
    for (let x = 0; x < wide; x += 1) {
      let most = Number.NEGATIVE_INFINITY;
      for (let v = Math.max(0, 2 * y - 1); v <= Math.min(height - 1, 2 * y + 1); v += 1) {
        for (let u = Math.max(0, 2 * x - 1); u <= Math.min(width - 1, 2 * x + 1); u += 1) most = Math.max(most, values[v * width + u]);
      }
      result[y * wide + x] = most;
    }
  }
  return { values: result, shape: [tall, wide] };
}

/** The largest of every 2 x 2 fields. */
function pooledByTwo(values, [height, width]) {
  const [tall, wide] = [height >> 1, width >> 1];
  const result = new Float32Array(tall * wide);
  for (let i = 0; i < result.length; i += 1) {
    const at = 2 * Math.floor(i / wide) * width + 2 * (i % wide);
    result[i] = Math.max(values[at], values[at + 1], values[at + width], values[at + width + 1]);
  }
  return { values: result, shape: [tall, wide] };
}

/** A filter as a picture: grey is zero. */
function drawn(filter, side) {
  const largest = filter.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const data = new Uint8Array(FILTER_SIDE * FILTER_SIDE * 3);
  for (let y = 0; y < FILTER_SIDE; y += 1) {
    for (let x = 0; x < FILTER_SIDE; x += 1) {
      const field = Math.floor((y * side) / FILTER_SIDE) * side + Math.floor((x * side) / FILTER_SIDE);
      for (let c = 0; c < 3; c += 1) data[(y * FILTER_SIDE + x) * 3 + c] = Math.round(127.5 * (1 + filter[field * 3 + c] / largest));
    }
  }
  return picture(data, FILTER_SIDE, FILTER_SIDE, 3);
}

/** The message `steps` and its buffers; null where no ReLU comes second. */
export async function stepsOf(crop, layers, stem, filters, lut, wanted) {
  const [first, second, third] = layers;
  const [count, ...shape] = first.shape;
  const size = shape[0] * shape[1];
  const cut = (layer, channel, length = size) => layer.values.subarray(channel * length, (channel + 1) * length);
  const ceiling = second.values.reduce((a, b) => Math.max(a, b), 0);
  const isReLU = second.values.every((value, i) => {
    const own = Math.min(ceiling, Math.max(0, first.values[i]));
    return Math.abs(value - own) <= 1e-4 + 1e-5 * Math.abs(own);
  });
  if (!isReLU) return null;
  const order = telling(Array.from({ length: count }, (_, channel) => cut(first, channel)));
  const channel = wanted === null || !(wanted >= 0 && wanted < count) ? order[0] : wanted;
  const [convolved, kept] = [cut(first, channel), cut(second, channel)];
  let pooled = pooledByThree(kept, shape);
  const [channels, ...next] = third.shape;
  const own = channels === count && next.every((side, i) => side === pooled.shape[i])
    && cut(third, channel, pooled.values.length).every((value, i) => Math.abs(value - pooled.values[i]) <= 1e-5 + 1e-5 * Math.abs(value));
  if (!own) pooled = pooledByTwo(kept, shape);
  const most = first.values.reduce((a, b) => Math.max(a, b), 0);
  const content = {
    channel, channels: order, shape, pooled: pooled.shape, pools: own, ceiling: ceiling <= 6 && most > 6, filter: null,
  };
  const maps = [convolved, kept, pooled.values].map((values) => values.slice());
  if (!stem) return [content, [await png(crop), lut, ...maps]];
  const { side, stride, size: input, constants } = stem;
  const colours = small(crop, input);
  const seen = picture(Uint8Array.from(colours, (value) => Math.round(255 * value)), input[1], input[0], 3);
  const length = side * side * 3;
  const filterOf = (each) => filters.slice(each * length, (each + 1) * length);
  content.filter = { side, stride, size: input, bias: constants[channel] };
  return [content, [
    await png(seen), lut, ...maps, padded(colours, input, side >> 1), filterOf(channel),
    ...await Promise.all(order.map((each) => png(drawn(filterOf(each), side)))),
  ]];
}
