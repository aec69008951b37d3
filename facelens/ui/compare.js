import { element, listen, pictures, probabilityText } from "./shared.js";

const FIRST_ROWS = 8;

function render({ model, el }) {
  const shelf = pictures();
  const head = element("h2", {}, "Compare two faces");
  const words = element("p", { className: "small", role: "status" });
  const keep = element("button", { type: "button" }, "Keep this face to compare");
  const drop = element("button", { type: "button", hidden: true }, "Forget the first face");
  const first = element("img", { alt: "The first face", width: 178, height: 218 });
  const second = element("img", { alt: "The second face", width: 178, height: 218 });
  const secondFigure = element("figure", {}, second, element("figcaption", { className: "small" }, "Second"));
  const pair = element("div", { className: "pair", hidden: true },
    element("figure", {}, first, element("figcaption", { className: "small" }, "First")), secondFigure);
  const list = element("ol", { className: "moves" });
  const all = element("button", { type: "button", ariaExpanded: "false" }, "Show all rows");
  const judged = element("ol", { className: "moves" });
  const note = element("p", { className: "small" });
  const fold = element("details", {}, element("summary", {}, "Judgements about people"), note, judged);
  const moves = element("div", { className: "lists", hidden: true }, list, all, fold);
  const body = element("section", { className: "card", hidden: true },
    head, words, element("div", { className: "buttons" }, keep, drop),
    element("div", { className: "both" }, pair, moves));
  el.classList.add("facelens", "compare");
  el.append(body);

  keep.onclick = () => model.send({ kind: "keep" });
  drop.onclick = () => model.send({ kind: "drop" });

  const percent = (value) => `${100 * value}%`;
  const row = ({ label, before, after }) => {
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
  };

  const open = (more) => {
    all.ariaExpanded = String(more);
    all.textContent = more ? "Show fewer rows" : "Show all rows";
    [...list.children].forEach((item, i) => { item.hidden = !more && i >= FIRST_ROWS; });
  };
  all.onclick = () => open(all.ariaExpanded !== "true");

  const stage = ({ holding, paired }) => {
    const pressed = [keep, drop].includes(document.activeElement);
    body.hidden = false;
    keep.hidden = holding && !paired;
    keep.textContent = paired ? "Keep the second one instead" : "Keep this face to compare";
    drop.hidden = !holding;
    pair.hidden = !holding;
    secondFigure.hidden = !paired;
    moves.hidden = !paired;
    // A button that is hidden loses the focus; it goes to the one that is left.
    if (pressed) (keep.hidden ? drop : drop.hidden ? keep : document.activeElement).focus();
  };

  const another = () => (el.closest(".facelens-moving")
    ? "go back to the camera and take another snapshot" : "give another photo");

  const silence = listen(model, el, {
    offer() {
      shelf.free();
      stage({ holding: false, paired: false });
      words.textContent = `Keep this face, then pick another, or ${another()}, perhaps of you with your glasses off. You will see which probabilities moved most.`;
    },
    kept(_, [picture]) {
      shelf.free();
      first.src = shelf.url(picture, "image/jpeg");
      stage({ holding: true, paired: false });
      words.textContent = `Kept. Now ${another()}, or pick another face.`;
    },
    pair(message, [one, two]) {
      shelf.free();
      first.src = shelf.url(one, "image/jpeg");
      second.src = shelf.url(two, "image/jpeg");
      stage({ holding: true, paired: true });
      const [before, after] = message.networks;
      words.textContent = (message.moved === null ? "" : `Probabilities moved by ${message.moved.toFixed(2)} on average; those that moved most come first.`)
        + (before === after ? "" : ` The first was read by ${before}, the second by ${after}.`);
      const plain = message.rows.filter((each) => !each.judgement);
      const opinions = message.rows.filter((each) => each.judgement);
      list.replaceChildren(...plain.map(row));
      judged.replaceChildren(...opinions.map(row));
      note.textContent = message.note;
      fold.hidden = opinions.length === 0;
      all.hidden = plain.length <= FIRST_ROWS;
      open(false);
    },
    clear() {
      shelf.free();
      first.removeAttribute("src");
      second.removeAttribute("src");
      list.replaceChildren();
      judged.replaceChildren();
      body.hidden = true;
    },
  });
  return () => {
    silence();
    shelf.free();
  };
}

export default { render };
