// Photos in, pictures out: what a browser decodes and encodes.
import { picture } from "./pixels.js";
import { Trouble } from "./store.js";

// As large as a phone's memory bears: RGBA of 24 megapixels is 96 MB.
const MOST = 24e6;
const HEAVIEST = 25e6; // bytes, as `facelens.photo.limits`
const UNREADABLE = "is not a photo that your browser can read; use JPEG, PNG or WebP.";

/** A canvas on white with `source` drawn over all of it. */
function painted(source, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(source, 0, 0, width, height);
  return context;
}

/** The pixels of something that can be drawn. */
export function pixelsOf(source) {
  const scale = Math.min(1, Math.sqrt(MOST / (source.width * source.height)));
  const [width, height] = [source.width, source.height].map((side) => Math.max(1, Math.floor(side * scale)));
  const { data } = painted(source, width, height).getImageData(0, 0, width, height);
  return picture(data, width, height, 4);
}

/** A photo, upright. */
export async function decoded(bytes, name) {
  if (bytes.byteLength > HEAVIEST) throw new Trouble(`${name} is larger than ${HEAVIEST / 1e6} MB; save it smaller and try again.`);
  const bitmap = await createImageBitmap(new Blob([bytes]), { imageOrientation: "from-image" }).catch(() => null);
  if (!bitmap) throw new Trouble(`${name} ${UNREADABLE}`);
  try {
    return pixelsOf(bitmap);
  } finally {
    bitmap.close();
  }
}

/** A canvas with a picture's pixels. */
export function canvasOf({ data, width, height, channels }) {
  const canvas = new OffscreenCanvas(width, height);
  const image = new ImageData(width, height);
  if (channels === 4) image.data.set(data);
  else {
    for (let i = 0; i < width * height; i += 1) {
      for (let c = 0; c < 3; c += 1) image.data[4 * i + c] = data[channels * i + (channels > 2 ? c : 0)];
      image.data[4 * i + 3] = 255;
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

const bytesOf = async (canvas, options) => (await canvas.convertToBlob(options)).arrayBuffer();

/** A JPEG, no side of it over `longest`. */
export function jpeg(pixels, { longest = Number.POSITIVE_INFINITY, quality = 0.9 } = {}) {
  let canvas = canvasOf(pixels);
  const scale = longest / Math.max(pixels.width, pixels.height);
  if (scale < 1) {
    canvas = painted(canvas, ...[pixels.width, pixels.height].map((side) => Math.max(1, Math.round(side * scale)))).canvas;
  }
  return bytesOf(canvas, { type: "image/jpeg", quality });
}

export const png = (pixels) => bytesOf(canvasOf(pixels), { type: "image/png" });

/** A map of floats in the colours of `lut`, each on its own scale. */
export function coloured(values, width, height, lut) {
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [values[0], values[0]]);
  const data = new Uint8Array(width * height * 3);
  values.forEach((value, i) => {
    const share = high > low ? (value - low) / (high - low) : 0;
    const at = 3 * Math.floor(255 * share);
    data.set(lut.subarray(at, at + 3), 3 * i);
  });
  return picture(data, width, height, 3);
}
