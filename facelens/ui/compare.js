import { moves } from "./moves.js";
import { element, listen, pictures } from "./shared.js";

const FIRST_ROWS = 8;
const EXCHANGED_ROWS = 5;
const REGIONS = ["eyes", "mouth", "hair"];

function render({ model, el }) {
  const shelf = pictures();
  const composed = pictures();
  const head = element("h2", {}, "Compare two faces");
  const words = element("p", { className: "small", role: "status" });
  const keep = element("button", { type: "button" }, "Keep this face to compare");
  const drop = element("button", { type: "button", hidden: true }, "Forget the first face");
  const first = element("img", { alt: "The first face", width: 178, height: 218 });
  const second = element("img", { alt: "The second face", width: 178, height: 218 });
  const secondFigure = element("figure", {}, second, element("figcaption", { className: "small" }, "Second"));
  const pair = element("div", { className: "pair", hidden: true },
    element("figure", {}, first, element("figcaption", { className: "small" }, "First")), secondFigure);
  const moved = moves(FIRST_ROWS);

  // The second face with a region of the first.
  const mixed = element("img", { width: 178, height: 218 });
  const mixedCaption = element("figcaption", { className: "small" });
  const mixedFigure = element("figure", { hidden: true }, mixed, mixedCaption);
  const mixedWords = element("p", { className: "small", role: "status" });
  const mixedMoves = moves(EXCHANGED_ROWS);
  const regions = REGIONS.map((region) => {
    const button = element("button", { type: "button", ariaPressed: "false" }, region[0].toUpperCase() + region.slice(1));
    button.onclick = () => model.send({ kind: "exchange", region });
    return button;
  });
  const exchange = element("div", { className: "exchange", hidden: true },
    element("h3", {}, "Exchange a region"),
    element("p", { className: "small" }, "Put one part of the first face into the second, and see which answers move."),
    element("div", { className: "buttons", role: "group", ariaLabel: "Part of the first face" }, ...regions),
    mixedWords,
    element("div", { className: "both" }, element("div", { className: "pair" }, mixedFigure), mixedMoves.node));
  const body = element("section", { className: "card", hidden: true },
    head, words, element("div", { className: "buttons" }, keep, drop),
    element("div", { className: "both" }, pair, moved.node), exchange);
  el.classList.add("facelens", "compare");
  el.append(body);

  keep.onclick = () => model.send({ kind: "keep" });
  drop.onclick = () => model.send({ kind: "drop" });

  /** Take the composed face away. */
  const part = () => {
    composed.free();
    mixed.removeAttribute("src");
    mixedFigure.hidden = mixedMoves.node.hidden = true;
    mixedWords.textContent = "";
    mixedMoves.empty();
    for (const button of regions) button.ariaPressed = "false";
  };

  const stage = ({ holding, paired }) => {
    const pressed = [keep, drop].includes(document.activeElement);
    body.hidden = false;
    keep.hidden = holding && !paired;
    keep.textContent = paired ? "Keep the second one instead" : "Keep this face to compare";
    drop.hidden = !holding;
    pair.hidden = !holding;
    secondFigure.hidden = moved.node.hidden = exchange.hidden = !paired;
    part();
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
      moved.fill(message.rows, message.note);
    },
    exchanged(message, [picture]) {
      composed.free();
      mixed.src = composed.url(picture, "image/jpeg");
      mixed.alt = `The second face with the ${message.region} of the first`;
      mixedCaption.textContent = `Second, with the first’s ${message.region}`;
      regions.forEach((button, i) => { button.ariaPressed = String(REGIONS[i] === message.region); });
      mixedFigure.hidden = mixedMoves.node.hidden = false;
      mixedWords.textContent = message.text;
      mixedMoves.fill(message.rows, message.note);
    },
    clear() {
      shelf.free();
      first.removeAttribute("src");
      second.removeAttribute("src");
      moved.empty();
      part();
      body.hidden = true;
    },
  });
  return () => {
    silence();
    shelf.free();
    composed.free();
  };
}

export default { render };
