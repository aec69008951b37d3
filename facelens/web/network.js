// `facelens.tasks.classifier` and `facelens.explain.maps`: a network's answers, and where they come from.
import { CENTRE, compose, HEIGHT, reduce, sample, WIDTH } from "./align.js";
import { openGraph, tensor } from "./engine.js";
import { even, rgb } from "./pixels.js";

const SIZE = WIDTH * HEIGHT * 3;
const MOST_EXPONENT = 80;

const clipped = (value) => Math.min(MOST_EXPONENT, Math.max(-MOST_EXPONENT, value));

/** The crops, RGB, as one batch. */
function stacked(crops) {
  const batch = new Uint8Array(crops.length * SIZE);
  crops.forEach((crop, i) => { batch.set(crop.data, i * SIZE); });
  return tensor("uint8", batch, [crops.length, HEIGHT, WIDTH, 3]);
}

/** Sigmoids of logits, and what one softmax makes of all of them. */
export const sigmoids = (scaled) => Float32Array.from(scaled, (logit) => 1 / (1 + Math.exp(-clipped(logit))));
export function softmax(scaled) {
  const most = Math.max(...scaled);
  const powers = scaled.map((logit) => Math.exp(Math.max(-MOST_EXPONENT, logit - most)));
  const sum = powers.reduce((total, power) => total + power, 0);
  return Float32Array.from(powers, (power) => power / sum);
}

/** A classifier: the graph at `folder` of the store, and its answers about crops. */
export async function openClassifier(store, folder) {
  const [graph, about] = await Promise.all([
    store.bytes(`${folder}/${store.has(`${folder}/model.onnx.gz`) ? "model.onnx.gz" : "model.onnx"}`).then(openGraph),
    store.json(`${folder}/network.json.gz`),
  ]);
  const { names } = about;
  const activation = about.activation === "softmax" ? softmax : sigmoids;
  const scaled = (logits) => Array.from(logits, (logit, i) => logit / about.temperature[i]);
  const probabilities = (logits) => activation(scaled(logits));

  /** An answer a crop; with `maps` its evidence too. */
  async function predict(crops, { maps = false } = {}) {
    const found = await graph.run({ crops: stacked(crops) }, maps ? ["logits", "activation_maps"] : ["logits"]);
    return crops.map((_, i) => {
      const logits = found.logits.data.slice(i * names.length, (i + 1) * names.length);
      const answer = { logits, probabilities: probabilities(logits) };
      if (maps) {
        const [, count, height, width] = found.activation_maps.dims;
        const size = count * height * width;
        answer.maps = { values: found.activation_maps.data.slice(i * size, (i + 1) * size), count, height, width };
      }
      return answer;
    });
  }

  return { name: folder.split("/").at(-1), graph, about, names, scaled, probabilities, predict };
}

/** Whatever the network at `folder` of the store answers. */
export async function openNetwork(store, folder) {
  const [own, curves, example, filters] = await Promise.all([
    openClassifier(store, folder),
    store.bytes(`${folder}/curves.bin.gz`),
    store.json(`${folder}/example.json`),
    store.has(`${folder}/stem.bin.gz`) ? store.bytes(`${folder}/stem.bin.gz`) : null,
  ]);
  const { graph, about } = own;

  /** The feature maps of every layer that can be viewed. */
  async function layers(crop) {
    const found = await graph.run({ crops: stacked([crop]) }, about.layers.map(({ output }) => output));
    return about.layers.map((layer) => ({ ...layer, shape: found[layer.output].dims.slice(1), values: found[layer.output].data }));
  }

  return { ...own, curves, example, filters: filters && new Float32Array(filters.buffer), layers };
}

/** A crop shifted up and left, its edge replicated. */
function shifted({ data }, dy, dx) {
  const result = new Uint8Array(SIZE);
  const clip = (value, most) => Math.min(most, Math.max(0, value));
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      const from = (clip(y + dy, HEIGHT - 1) * WIDTH + clip(x + dx, WIDTH - 1)) * 3;
      result.set(data.subarray(from, from + 3), (y * WIDTH + x) * 3);
    }
  }
  return { data: result };
}

/** Activation maps `times` as fine, by shift-and-stitch. */
export async function finer(network, crop, times) {
  const [{ maps: coarse }] = await network.predict([crop], { maps: true });
  const [tall, wide] = network.about.inside.size;
  const stride = (side, cells, pixels) => (2 ** Math.round(Math.log2(side / cells)) * pixels) / side;
  const steps = [stride(tall, coarse.height, HEIGHT), stride(wide, coarse.width, WIDTH)].map((step) => (
    Array.from({ length: times }, (_, i) => even(((i - (times - 1) / 2) * step) / times))));
  const [height, width] = [coarse.height * times, coarse.width * times];
  const values = new Float32Array(coarse.count * height * width);
  for (const [down, dy] of steps[0].entries()) {
    for (const [across, dx] of steps[1].entries()) {
      const [{ maps }] = await network.predict([shifted(crop, dy, dx)], { maps: true });
      maps.values.forEach((value, i) => {
        const x = i % maps.width;
        const y = Math.floor(i / maps.width) % maps.height;
        const name = Math.floor(i / (maps.width * maps.height));
        values[(name * height + y * times + down) * width + x * times + across] = value;
      });
    }
  }
  return { values, count: coarse.count, height, width, passes: times * times };
}

/** Occlusion sensitivity of a crop, a few patches at a time. */
export function occlusion(network, crop, { PATCH, ROWS, COLUMNS }) {
  const places = ROWS * COLUMNS;
  const count = places + 1; // the crop itself comes last
  const logits = [];
  const mean = [0, 0, 0];
  crop.data.forEach((value, i) => { mean[i % 3] += value; });
  const colour = mean.map((sum) => Math.trunc(sum / (WIDTH * HEIGHT)));

  function covered(place) {
    if (place === places) return crop;
    const data = crop.data.slice();
    const y = ((Math.floor(place / COLUMNS) + 0.5) * HEIGHT) / ROWS;
    const x = (((place % COLUMNS) + 0.5) * WIDTH) / COLUMNS;
    const [top, left] = [y, x].map((middle) => Math.max(0, even(middle - PATCH / 2)));
    const bottom = Math.min(HEIGHT, even(y + PATCH / 2));
    const right = Math.min(WIDTH, even(x + PATCH / 2));
    for (let row = top; row < bottom; row += 1) {
      for (let column = left; column < right; column += 1) data.set(colour, (row * WIDTH + column) * 3);
    }
    return { data };
  }

  return {
    get progress() { return { done: logits.length, count }; },
    get complete() { return logits.length === count; },
    async step() {
      const [answer] = await network.predict([covered(logits.length)]);
      logits.push(answer.logits);
    },
    evidence() {
      const own = logits[places];
      const values = new Float32Array(own.length * places);
      for (let place = 0; place < places; place += 1) {
        own.forEach((logit, i) => { values[i * places + place] = logit - logits[place][i]; });
      }
      return { values, count: own.length, height: ROWS, width: COLUMNS, passes: count };
    },
  };
}

/** `facelens.explain.whiskers`: the least and the greatest probability over small changes. */
export async function whiskers(network, face, answer, photo, { changes, REACH }) {
  const [pixels, warp] = reduce(photo, face.warp, WIDTH, HEIGHT, REACH);
  const [x, y] = CENTRE;
  const seen = [answer.probabilities];
  for (const { dx, dy, scale: k, light, mirrored } of changes) {
    const view = rgb(sample(pixels, compose([k, 0, x - k * x + dx, 0, k, y - k * y + dy], warp)));
    const data = new Uint8Array(SIZE);
    for (let i = 0; i < WIDTH * HEIGHT; i += 1) {
      const column = i % WIDTH;
      const to = mirrored ? i - column + (WIDTH - 1 - column) : i;
      for (let c = 0; c < 3; c += 1) data[3 * to + c] = Math.min(255, even(view.data[3 * i + c] * light));
    }
    const [changed] = await network.predict([{ data }]);
    seen.push(changed.probabilities);
  }
  const ends = (pick) => answer.probabilities.map((_, i) => pick(...seen.map((each) => each[i])));
  return { low: [...ends(Math.min)], high: [...ends(Math.max)] };
}
