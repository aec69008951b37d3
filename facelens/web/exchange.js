// `facelens.explain.exchange`: a region of one face put into another.
import { WIDTH } from "./align.js";
import { even } from "./pixels.js";

export const REGIONS = ["eyes", "mouth", "hair"];

/** Mean colour of the cheeks. */
function cheeks({ data }, places) {
  const sum = [0, 0, 0];
  let count = 0;
  for (const [left, top, right, low] of places) {
    for (let y = top; y < low; y += 1) {
      for (let x = left; x < right; x += 1) {
        for (let c = 0; c < 3; c += 1) sum[c] += data[(y * WIDTH + x) * 3 + c];
        count += 1;
      }
    }
  }
  return sum.map((each) => each / count);
}

/** The face `crop` with a region of `donor`; `mask`: how much of each pixel is the donor's. */
export function exchanged(crop, donor, region, mask, { CHEEKS, MOST }) {
  const [here, there] = [crop, donor].map((face) => cheeks(face, CHEEKS));
  const gain = here.map((value, i) => (region === "hair" ? 1 : Math.min(MOST, Math.max(1 / MOST, (value + 1) / (there[i] + 1)))));
  const data = crop.data.map((value, i) => {
    const share = mask[Math.floor(i / 3)];
    return even(share * Math.min(255, donor.data[i] * gain[i % 3]) + (1 - share) * value);
  });
  return { ...crop, data };
}
