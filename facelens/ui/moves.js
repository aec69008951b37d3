/** Of `compare`: which probabilities moved, most first, judgements about people folded apart. */
import { element, probabilityText } from "./shared.js";

const percent = (value) => `${100 * value}%`;

function row({ label, before, after }) {
  const moved = after - before;
  const line = element("span", { className: "line" });
  Object.assign(line.style, { left: percent(Math.min(before, after)), width: percent(Math.abs(moved)) });
  const dots = [["from", before], ["to", after]].map(([className, at]) => {
    const dot = element("i", { className });
    dot.style.left = percent(at);
    return dot;
  });
  const sign = moved < 0 ? "−" : "+";
  return element("li", {},
    element("span", {}, label),
    element("span", { className: "way", ariaHidden: "true" }, line, ...dots),
    element("span", { className: "figures" },
      element("span", { className: "unseen" }, "from "), probabilityText(before),
      element("span", { ariaHidden: "true" }, " → "), element("span", { className: "unseen" }, " to "), probabilityText(after)),
    element("b", {}, `${sign}${Math.abs(moved).toFixed(2)}`));
}

/** A list that opens on its first `few` rows. */
export function moves(few) {
  const list = element("ol", { className: "moves" });
  const all = element("button", { type: "button", ariaExpanded: "false" }, "Show all rows");
  const judged = element("ol", { className: "moves" });
  const note = element("p", { className: "small" });
  const fold = element("details", {}, element("summary", {}, "Judgements about people"), note, judged);
  const open = (more) => {
    all.ariaExpanded = String(more);
    all.textContent = more ? "Show fewer rows" : "Show all rows";
    [...list.children].forEach((item, i) => { item.hidden = !more && i >= few; });
  };
  all.onclick = () => open(all.ariaExpanded !== "true");
  return {
    node: element("div", { className: "lists", hidden: true }, list, all, fold),
    fill(rows, words) {
      const plain = rows.filter((each) => !each.judgement);
      const opinions = rows.filter((each) => each.judgement);
      list.replaceChildren(...plain.map(row));
      judged.replaceChildren(...opinions.map(row));
      note.textContent = words;
      fold.open = false;
      fold.hidden = opinions.length === 0;
      all.hidden = plain.length <= few;
      open(false);
    },
    empty() {
      list.replaceChildren();
      judged.replaceChildren();
    },
  };
}
