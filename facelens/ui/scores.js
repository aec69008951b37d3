/** Of `classes`: why the bars of a softmax add up to one, on the numbers of the face on the page. */
import { element, probabilityText, two } from "./shared.js";

const WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
const inWords = (count) => WORDS[count] ?? String(count);
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** What a softmax and what sigmoids make of the same scores: a table, and what it means. */
export function softmaxBesideSigmoid({ labels, logits, temperature, softmax, sigmoid, board }) {
  const count = inWords(labels.length);
  const head = ["Answer", "Score", "Softmax", "Sigmoid"].map((text) => element("th", { scope: "col" }, text));
  const row = (label, ...cells) => element("tr", {},
    element("th", { scope: "row" }, label), ...cells.map((cell) => element("td", {}, cell)));
  const table = element("table", {},
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...labels.map((label, i) => row(
      label, two(logits[i]), probabilityText(softmax[i]), probabilityText(sigmoid[i])))),
    element("tfoot", {}, row("Sum", "", two(sum(softmax)), two(sum(sigmoid)))));
  const one = "Single label: one answer of "
    + `${count}. A softmax raises e to each score (divided by ${two(temperature)}, its calibration) and shares out one whole`
    + ` in these proportions, so the ${count} bars add up to 1, and none can rise unless others fall.`;
  const apart = "A sigmoid asks each score by itself. "
    + `The same ${count} scores would add up to ${two(sum(sigmoid))}, and nothing would keep two from being yes, or all from being no.`;
  const many = `Multi-label: the ${board.count} rows of the board may be true side by side, so each has a sigmoid of its own.`
    + ` On this face they add up to ${two(board.sum)}, the number of yeses to be expected.`
    + (board.most ? ` Under one softmax “${board.most.label}”, here ${probabilityText(board.most.probability)}, would keep`
      + ` ${probabilityText(board.most.share)}.` : "");
  return element("details", { className: "scores small" },
    element("summary", {}, `Why these ${count} add up to 1 and the ${board.count} rows do not`),
    element("p", {}, one), table, element("p", {}, apart), element("p", {}, many));
}
