import { element } from "./shared.js";

const COMMON = [
  ["data", (data) => `as common as in ${data}`, () => null],
  ["half", () => "half as common", (base) => base / 2],
  ["tenth", () => "a tenth as common", (base) => base / 10],
  ["even", () => "half of all people", () => 0.5],
];
const COSTS = [
  [0.1, "a tenth of a false no"], [0.2, "a fifth of a false no"], [0.5, "half a false no"], [1, "one false no"],
  [2, "2 false noes"], [5, "5 false noes"], [10, "10 false noes"], [20, "20 false noes"], [100, "100 false noes"],
];

/** What the presets are, folded away: `tell(network)`. */
export function howComputed() {
  const list = element("ul");
  return {
    box: element("details", {}, element("summary", {}, "How is this computed?"), list),
    tell(network) {
      list.replaceChildren(...network.points.map((point) => element("li", {},
        element("b", {}, `${point.title}: `), [point.about, point.how].filter(Boolean).join(" "))));
    },
  };
}

/** Two questions for all rows, folded away: `common(rateOf)` hears how common a yes is, from its rate
 * in the data; `cost(ratio)` hears that a false yes is as bad as so many false noes. */
export function whatIf({ common, cost }) {
  const often = element("select");
  const costs = element("select", {}, element("option", { value: "" }, "not asked"),
    ...COSTS.map(([value, text]) => element("option", { value }, text)));
  const words = element("p", { className: "small", role: "status" });
  let set = null; // thresholds that came in answer, as long as they stand
  const rateOf = () => COMMON.find(([name]) => name === often.value)[2];
  often.onchange = () => common(rateOf());
  costs.onchange = () => { if (costs.value) cost(Number(costs.value)); };
  /** Choose `value` in `select` as a visitor does, if it is there. */
  const choose = (select, value) => {
    if (!value || ![...select.options].some((option) => option.value === value)) return;
    select.value = value;
    select.onchange();
  };
  return {
    box: element("details", {}, element("summary", {}, "Where you are, and what a mistake costs"),
      element("div", { className: "ifs" },
        element("label", {}, "How common is it where you are? ", often),
        element("label", {}, "What does a false yes cost? As much as ", costs)), words),
    /** What is chosen, for a link; empty where nothing is. `rateOf` is what `common` has heard. */
    get chosen() {
      return { cost: costs.value, common: often.value === COMMON[0][0] ? "" : often.value, rateOf: rateOf() };
    },
    /** Choose what a link carries. */
    set(wanted) {
      choose(often, wanted.common);
      choose(costs, wanted.cost);
    },
    offer({ data }) {
      often.replaceChildren(...COMMON.map(([value, text]) => element("option", { value }, text(data))));
    },
    hear({ thresholds, low, high }) {
      set = thresholds;
      const known = low.every((each) => each !== null);
      words.textContent = "Every row has the threshold that costs least on validation faces."
        + (known ? " An opened row says how sure that is." : "");
      this.spans = known ? low.map((each, i) => [each, high[i]]) : null;
    },
    /** Say no more than still holds of `rows`, and in each row how sure its threshold is. */
    tell(rows) {
      const holds = set !== null && rows.every((row, i) => row.threshold === set[i]);
      if (set !== null && !holds) this.reset(false);
      rows.forEach((row, i) => {
        const span = holds && this.spans?.[i];
        row.cheapest.textContent = span
          ? `Costs least from ${row.threshold.toFixed(2)} on (${span[0].toFixed(2)} to ${span[1].toFixed(2)}).` : "";
      });
    },
    reset(both = true) {
      set = null;
      words.textContent = costs.value = "";
      if (both) often.value = COMMON[0][0];
    },
    spans: null,
  };
}
