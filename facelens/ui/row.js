import { commonLine } from "./common.js";
import { dragged } from "./handle.js";
import { element, probabilityText } from "./shared.js";
import { meaning, rounded, verdict } from "./verdicts.js";

const DOT_WORDS = ["", "told apart poorly", "told apart fairly", "told apart well"];
let rowsBuilt = 0;

const separated = ({ dots, separation }) => `Yes and no are ${DOT_WORDS[dots]}`
  + ` (${separation.toFixed(2)}, where 0 is guessing and 1 always right).`;

/** What was measured at the row's threshold, in numbers. */
function measured({ threshold, curves, base }, data) {
  if (threshold === null) return "";
  const column = rounded(Math.fround(threshold) * 100);
  const of = (rate, name) => {
    const [value, low, high] = ["", "_low", "_high"].map((end) => curves[`${rate}${end}`][column]);
    return value === null ? `${name} unknown` : `${name} ${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  };
  return `On validation faces of ${data}, with 95 % intervals: ${of("precision", "precision")}, ${of("recall", "recall r")}, `
    + `${of("fpr", "false-positive rate f")}${base === null ? "" : `, base rate ${base.toFixed(3)}`}. Where the base rate is π, `
    + "a yes is right with πr / (πr + (1 − π)f).";
}

/** The row of an attribute. `on` hears what the visitor does: `move(row, threshold)`,
 * `mark(row, yes)`, `common(row, rate)`, `choose(row)` for the map, and `show()` to see it.
 */
export function buildRow(description, index, network, on) {
  rowsBuilt += 1;
  const id = `facelens-meaning-${rowsBuilt}`;
  const label = element(
    "button",
    { type: "button", className: "label", title: "Show where the network looks for this" },
    description.label,
  );
  if (description.dots) {
    label.append(
      element("span", { className: "dots", ariaHidden: "true", title: `On ${description.data} faces yes and no are ${DOT_WORDS[description.dots]}` },
        "●".repeat(description.dots), element("i", {}, "●".repeat(3 - description.dots))),
      element("span", { className: "unseen" }, ` (${DOT_WORDS[description.dots]})`),
    );
  }
  const zone = element("span", { className: "zone" });
  const fill = element("span", { className: "fill" });
  const slider = element("input", {
    type: "range", min: "0", max: "1", step: "0.01",
    ariaLabel: `Threshold for ${description.label}`,
    "aria-describedby": id,
  });
  const handle = element("span", { className: "handle" });
  const value = element("span", { className: "value", ariaHidden: "true" });
  const tick = element("span", { className: "tick" }, handle, value);
  const bar = element("div", { className: "bar" },
    element("span", { className: "track" }, fill, zone), slider, tick);
  const probability = element("span", { className: "probability" });
  const chip = element("span", { className: "chip" });
  const meaningLine = element("p", { className: "meaning small", id });
  const points = network.points.map((point) => {
    const button = element("button", { type: "button", title: point.about,
      ariaLabel: `${point.title} for ${description.label}` }, point.title);
    button.onclick = () => on.move(row, point.thresholds[index]);
    return button;
  });
  const question = element("span", { className: "question" });
  const marks = ["yes", "no"].map((text, i) => {
    const button = element("button", { type: "button", ariaPressed: "false" }, text);
    button.onclick = () => on.mark(row, i === 0);
    return button;
  });
  const show = element("button", { type: "button", className: "show" }, "Show where");
  show.onclick = on.show;
  const numbers = element("p", { className: "numbers", hidden: true });
  const how = element("button", { type: "button", className: "how", ariaExpanded: "false" }, "How is this computed?");
  how.onclick = () => {
    numbers.hidden = !numbers.hidden;
    how.ariaExpanded = String(!numbers.hidden);
  };
  const cheapest = element("span", { className: "cheapest" });
  const common = commonLine(description.label, network.data, (rate) => on.common(row, rate));
  const more = element("div", { className: "more small" },
    element("span", {}, "This row:"), ...points, element("span", { className: "asked" }, question, ...marks), show, cheapest, common.box,
    how, numbers);
  const unfold = element("button", { type: "button", className: "how unfold" }, "More about this row");
  unfold.onclick = () => {
    on.unfold(row);
    points[0]?.focus({ focusVisible: false });
  };
  const item = element("li", { className: "row" }, label, bar, probability, chip, meaningLine, unfold, more);
  const row = {
    ...description, index, item, label, zone, fill, slider, tick, value, probability, chip, meaningLine, points, question, marks, numbers, cheapest,
    commonLine: common, common: null, curves: network.curves[description.name], threshold: null, verdict: "doubtful",
  };
  slider.oninput = () => on.move(row, slider.valueAsNumber);
  dragged(handle, bar, slider, { from: () => row.threshold, move: (threshold) => on.move(row, threshold) });
  label.onclick = () => on.choose(row);
  bar.onclick = () => on.choose(row);
  return row;
}

/** Paint what `network` says of `face`; `so` is what the visitor says, undefined if nothing. */
export function paintRow(row, network, face, so) {
  const p = face.probabilities[row.index];
  const { threshold } = row;
  row.p = p;
  const weak = face.weak?.[row.name];
  row.verdict = verdict(p, threshold, row.curves, face.hints.length > 0 || weak !== undefined);
  row.item.dataset.verdict = row.verdict;
  row.fill.style.width = `${100 * p}%`;
  row.probability.replaceChildren(
    element("span", { className: "unseen" }, "probability "), probabilityText(p));
  paintVerdict(row, so);
  row.points.forEach((button, i) => {
    button.ariaPressed = String(network.points[i].thresholds[row.index] === threshold);
  });
  const words = meaning(threshold, row.curves, row.data);
  row.meaningLine.replaceChildren(
    element("b", {}, threshold === null ? "Out of reach. " : `Yes from ${threshold.toFixed(2)}. `),
    [words, weak, row.note].filter(Boolean).join(" "));
  row.numbers.textContent = [measured(row, network.data), row.separation === null ? "" : separated(row)]
    .filter(Boolean).join(" ");
  row.commonLine.paint(row);
  row.slider.value = threshold ?? 1;
  row.tick.style.left = `${100 * (threshold ?? 1)}%`;
  row.value.textContent = (threshold ?? 1).toFixed(2);
  row.slider.classList.toggle("void", threshold === null);
  row.slider.ariaValueText = threshold === null
    ? "out of reach"
    : `${threshold.toFixed(2)}, so the verdict is ${row.verdict}`;
  const nearest = threshold === null ? null : rounded(100 * threshold);
  const low = nearest === null ? null : row.curves.doubt_low[nearest];
  const high = nearest === null ? null : row.curves.doubt_high[nearest];
  row.zone.hidden = low === null || high === null;
  row.zone.style.left = `${100 * (low ?? 0)}%`;
  row.zone.style.width = `${100 * Math.max(0, (high ?? 0) - (low ?? 0))}%`;
}

function paintVerdict(row, so) {
  const unreachable = row.threshold === null;
  const doubtful = row.verdict === "doubtful";
  // What is so stays so when a threshold moves; whether the verdict is right follows from it.
  const yes = so === undefined || doubtful ? so : so === (row.verdict === "yes");
  row.chip.replaceChildren(...(unreachable
    ? [element("span", { ariaHidden: "true" }, "—"), element("span", { className: "unseen" }, "no threshold")]
    : [row.verdict]), ...(yes === undefined || doubtful ? [] : [
    element("span", { ariaHidden: "true" }, yes ? " ✓" : " ✗"),
    element("span", { className: "unseen" }, yes ? ", you say this is right" : ", you say this is wrong")]));
  row.item.classList.toggle("void", unreachable);
  row.question.textContent = doubtful ? "Is it so?" : "Was this right?";
  row.marks.forEach((button, i) => {
    button.ariaPressed = String(yes === (i === 0));
    button.ariaLabel = `${row.label.firstChild.data}, ${row.question.textContent} ${button.textContent}`;
  });
}
