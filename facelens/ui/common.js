import { dragged } from "./handle.js";
import { yesAmong } from "./prior.js";
import { element } from "./shared.js";

const RATES = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5,
  0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999,
];
const LAST = RATES.length - 1;
const percent = (rate) => `${Number((100 * rate).toPrecision(2))} %`;
const nearest = (rate) => RATES.reduce((best, each, i) => (
  Math.abs(Math.log(each / rate)) < Math.abs(Math.log(RATES[best] / rate)) ? i : best), 0);

let rowsWithLine = 0;

/** How common a yes is where the visitor is, and what a yes then means: a line of a row. `set(rate)`
 * hears of another rate. */
export function commonLine(label, data, set) {
  rowsWithLine += 1;
  const id = `facelens-common-${rowsWithLine}`;
  const slider = element("input", { type: "range", min: "0", max: String(LAST), step: "1", "aria-describedby": id,
    ariaLabel: `How common ${label} is where you are` });
  const handle = element("span", { className: "handle" });
  const value = element("span", { className: "value", ariaHidden: "true" });
  const tick = element("span", { className: "tick" }, handle, value);
  const bar = element("span", { className: "bar" }, element("span", { className: "track" }), slider, tick);
  const rate = element("span", { className: "rate" });
  const meaning = element("p", { id });
  let at = 0;
  slider.oninput = () => set(RATES[slider.valueAsNumber]);
  dragged(handle, bar, slider, { from: () => at / LAST, move: (share) => set(RATES[Math.round(share * LAST)]) });
  return {
    box: element("div", { className: "common" }, element("span", {}, "How common is it where you are?"), bar, rate, meaning),
    paint({ common, base, threshold, curves }) {
      const among = common ?? base;
      tick.hidden = slider.disabled = among === null;
      if (among === null) return;
      at = nearest(among);
      slider.value = at;
      tick.style.left = `${(100 * at) / LAST}%`;
      value.textContent = slider.ariaValueText = percent(among);
      rate.textContent = common === null ? `${percent(among)}, as in ${data}` : percent(among);
      const told = yesAmong(among, threshold, curves);
      const of = (share) => Math.round(100 * share);
      meaning.textContent = told === null ? "Nobody gets a yes here."
        : `Among people of whom ${percent(among)} are labelled so, a yes would be right in `
          + `${of(told.value)} of 100 (${of(told.low)} to ${of(told.high)}).`;
    },
  };
}
