// Pictures as plain arrays: what `cv2` does for `facelens.faces`, to the level.
// A picture is {data, width, height, channels}; data is uint8, RGBA of a photo or grey.

export const picture = (data, width, height, channels) => ({ data, width, height, channels });

export const blank = (width, height, channels) => (
  picture(new Uint8Array(width * height * channels), width, height, channels));

/** A part of a picture, copied: `left`, `top`, and its size. */
export function part(source, left, top, width, height) {
  const { channels } = source;
  const result = blank(width, height, channels);
  for (let y = 0; y < height; y += 1) {
    const start = ((top + y) * source.width + left) * channels;
    result.data.set(source.data.subarray(start, start + width * channels), y * width * channels);
  }
  return result;
}

/** Which source fields each of `to` fields averages out of `from`, and by which weights. */
function shares(from, to) {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    const start = i * scale;
    const end = Math.min(from, start + scale);
    const fields = [];
    for (let at = Math.floor(start); at < end; at += 1) {
      const weight = (Math.min(end, at + 1) - Math.max(start, at)) / Math.min(scale, from - start);
      if (weight > 1e-6) fields.push([at, weight]);
    }
    return fields;
  });
}

/** cv2.resize with INTER_AREA, to a size that is no larger. */
export function average(source, width, height) {
  const { channels } = source;
  if (source.width === 2 * width && source.height === 2 * height) return halved(source);
  const result = blank(width, height, channels);
  const columns = shares(source.width, width);
  const row = new Float32Array(width * channels);
  const sum = new Float32Array(width * channels);
  let known = -1; // the source row that `row` holds, shrunk
  shares(source.height, height).forEach((fields, y) => {
    sum.fill(0);
    for (const [at, weight] of fields) {
      if (at !== known) {
        const start = at * source.width * channels;
        let to = 0;
        for (const column of columns) {
          for (let c = 0; c < channels; c += 1) {
            let value = 0;
            for (const [x, share] of column) value += share * source.data[start + x * channels + c];
            row[to] = value;
            to += 1;
          }
        }
        known = at;
      }
      for (let i = 0; i < sum.length; i += 1) sum[i] += weight * row[i];
    }
    for (let i = 0; i < sum.length; i += 1) result.data[y * sum.length + i] = Math.round(sum[i]);
  });
  return result;
}

function halved({ data, width, channels, height }) {
  const result = blank(width / 2, height / 2, channels);
  const line = width * channels;
  let to = 0;
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      const at = y * line + x * channels;
      for (let c = at; c < at + channels; c += 1) {
        result.data[to] = (data[c] + data[c + channels] + data[c + line] + data[c + line + channels] + 2) >> 2;
        to += 1;
      }
    }
  }
  return result;
}

/** cv2.resize with INTER_LINEAR, whose weights are in 2048ths. */
export function linear(source, width, height) {
  const { channels, data } = source;
  const result = blank(width, height, channels);
  const places = (from, to) => Array.from({ length: to }, (_, i) => {
    const at = (i + 0.5) * (from / to) - 0.5;
    const low = Math.floor(at);
    const share = low < 0 || low >= from - 1 ? 0 : even((at - low) * 2048);
    const first = Math.min(from - 1, Math.max(0, low));
    return [first, Math.min(from - 1, first + 1), share];
  });
  const columns = places(source.width, width);
  let to = 0;
  for (const [above, below, down] of places(source.height, height)) {
    const a = above * source.width * channels;
    const b = below * source.width * channels;
    for (const [left, right, across] of columns) {
      for (let c = 0; c < channels; c += 1) {
        const top = data[a + left * channels + c] * (2048 - across) + data[a + right * channels + c] * across;
        const low = data[b + left * channels + c] * (2048 - across) + data[b + right * channels + c] * across;
        result.data[to] = ((((2048 - down) * (top >> 4)) >> 16) + ((down * (low >> 4)) >> 16) + 2) >> 2;
        to += 1;
      }
    }
  }
  return result;
}

const SHARP = -0.75; // of the cubic kernel, as in OpenCV
/** The weights of four neighbours of a place `x` beyond the second of them, 0 to 1. */
function cubic(x) {
  const a = SHARP;
  const first = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a;
  const second = ((a + 2) * x - (a + 3)) * x * x + 1;
  const third = ((a + 2) * (1 - x) - (a + 3)) * (1 - x) * (1 - x) + 1;
  return [first, second, third, 1 - first - second - third];
}

// OpenCV interpolates at 32 places between two pixels, and finds them in 1024ths.
const FIXED = 1024;
const PLACES = 32;
const HALF = FIXED / PLACES / 2;

/** cv2.warpAffine with edge pixels replicated: `inverse`, six numbers, takes the result's places to
 * the source's. `fine`: cubic instead of linear. */
export function warped(source, inverse, width, height, fine) {
  const { data, channels } = source;
  const result = blank(width, height, channels);
  const [a, b, x0, c, d, y0] = inverse;
  const count = fine ? 4 : 2;
  const lastX = source.width - 1;
  const lastY = source.height - 1;
  const columns = new Int32Array(count);
  let to = 0;
  for (let y = 0; y < height; y += 1) {
    const rowX = even((b * y + x0) * FIXED) + HALF;
    const rowY = even((d * y + y0) * FIXED) + HALF;
    for (let x = 0; x < width; x += 1) {
      const u = Math.floor((even(a * x * FIXED) + rowX) / FIXED * PLACES) / PLACES;
      const v = Math.floor((even(c * x * FIXED) + rowY) / FIXED * PLACES) / PLACES;
      const left = Math.floor(u);
      const top = Math.floor(v);
      const across = fine ? cubic(u - left) : [1 - (u - left), u - left];
      const along = fine ? cubic(v - top) : [1 - (v - top), v - top];
      const before = fine ? 1 : 0;
      for (let i = 0; i < count; i += 1) {
        columns[i] = Math.min(lastX, Math.max(0, left - before + i)) * channels;
      }
      for (let channel = 0; channel < channels; channel += 1) {
        let value = 0;
        for (let j = 0; j < count; j += 1) {
          const row = Math.min(lastY, Math.max(0, top - before + j)) * source.width * channels + channel;
          let line = 0;
          for (let i = 0; i < count; i += 1) line += across[i] * data[row + columns[i]];
          value += along[j] * line;
        }
        result.data[to] = Math.min(255, Math.max(0, Math.round(value)));
        to += 1;
      }
    }
  }
  return result;
}

/** cv2.cvtColor from RGB(A) to grey. */
export function grey({ data, width, height, channels }) {
  if (channels === 1) return picture(data, width, height, 1);
  const result = blank(width, height, 1);
  for (let i = 0, at = 0; i < result.data.length; i += 1, at += channels) {
    result.data[i] = (9798 * data[at] + 19235 * data[at + 1] + 3735 * data[at + 2] + 16384) >> 15;
  }
  return result;
}

/** Rotate by a quarter turn: counter-clockwise as np.rot90, or `clockwise`. */
export function quarter(source, clockwise = false) {
  const { data, width, height, channels } = source;
  const result = blank(height, width, channels);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const to = clockwise ? x * height + (height - 1 - y) : (width - 1 - x) * height + y;
      for (let c = 0; c < channels; c += 1) {
        result.data[to * channels + c] = data[(y * width + x) * channels + c];
      }
    }
  }
  return result;
}

/** The picture in RGB, three bytes a pixel. */
export function rgb({ data, width, height, channels }) {
  const result = blank(width, height, 3);
  for (let i = 0, at = 0; i < result.data.length; i += 3, at += channels) {
    for (let c = 0; c < 3; c += 1) result.data[i + c] = data[at + (channels > 2 ? c : 0)];
  }
  return result;
}

/** `facelens.faces.boxes.bounded`: at most `side` wide and high, and the factor back. */
export function bounded(source, side) {
  const factor = Math.max(source.width, source.height) / side;
  if (factor <= 1) return [source, 1];
  const width = Math.max(1, even(source.width / factor));
  const height = Math.max(1, even(source.height / factor));
  let small = source;
  while (factor >= 2 && Math.min(small.width, small.height) > 1 && Math.floor(small.width / 2) >= width) {
    small = average(small, Math.floor(small.width / 2), Math.floor(small.height / 2));
  }
  return [linear(small, width, height), factor];
}

/** Round halves to the even neighbour, as Python does. */
export function even(value) {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}
