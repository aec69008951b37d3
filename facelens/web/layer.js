// `facelens.ui.inside`: what a layer makes of a face.
import { coloured, png } from "./pictures.js";

const MOST_MAPS = 32;

/** The maps of a layer that change most, and their figures. */
export async function layerOf({ name, title, caption, shape, values }, lut) {
  const [channels, height, width] = shape;
  const size = height * width;
  const known = Array.from({ length: channels }, (_, channel) => {
    const map = values.subarray(channel * size, (channel + 1) * size);
    const mean = map.reduce((a, b) => a + b, 0) / size;
    return {
      channel, map, mean,
      low: map.reduce((a, b) => Math.min(a, b)), high: map.reduce((a, b) => Math.max(a, b)),
      deviation: Math.sqrt(map.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size),
      silent: map.filter((value) => value <= 0).length / size,
    };
  }).sort((a, b) => b.deviation - a.deviation).slice(0, MOST_MAPS);
  const pictures = await Promise.all(known.map(({ map }) => png(coloured(map, width, height, lut))));
  const maps = known.map(({ channel, mean, low, high, deviation, silent }) => ({ channel, mean, low, high, deviation, silent }));
  return [{ name, title, caption, shape, maps }, pictures];
}
