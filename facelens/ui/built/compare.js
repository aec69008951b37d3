// shared.js
function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "dataset") Object.assign(node.dataset, value);
    else if (key in node && key !== "list") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}
function probabilityText(probability) {
  const text = probability.toFixed(2);
  return { "1.00": ">0.99", "0.00": "<0.01" }[text] ?? text;
}
function pictures() {
  const urls = /* @__PURE__ */ new Set();
  return {
    url(buffer, type) {
      const url = URL.createObjectURL(new Blob([buffer], { type }));
      urls.add(url);
      return url;
    },
    free() {
      for (const url of urls) URL.revokeObjectURL(url);
      urls.clear();
    }
  };
}
function listen(model, el, handlers) {
  const trouble = element("p", { className: "trouble", role: "alert", hidden: true });
  el.prepend(trouble);
  const receive = (message, buffers) => {
    trouble.hidden = message.kind !== "error";
    trouble.textContent = message.kind === "error" ? message.text : "";
    handlers[message.kind]?.(message, buffers);
  };
  model.on("msg:custom", receive);
  model.send({ kind: "ready", view: crypto.getRandomValues(new Uint32Array(2)).join("-") });
  return () => model.off("msg:custom", receive);
}

// moves.js
var percent = (value) => `${100 * value}%`;
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
  return element(
    "li",
    {},
    element("span", {}, label),
    element("span", { className: "way", ariaHidden: "true" }, line, ...dots),
    element(
      "span",
      { className: "figures" },
      element("span", { className: "unseen" }, "from "),
      probabilityText(before),
      element("span", { ariaHidden: "true" }, " → "),
      element("span", { className: "unseen" }, " to "),
      probabilityText(after)
    ),
    element("b", {}, `${sign}${Math.abs(moved).toFixed(2)}`)
  );
}
function moves(few) {
  const list = element("ol", { className: "moves" });
  const all = element("button", { type: "button", ariaExpanded: "false" }, "Show all rows");
  const judged = element("ol", { className: "moves" });
  const note = element("p", { className: "small" });
  const fold = element("details", {}, element("summary", {}, "Judgements about people"), note, judged);
  const open = (more) => {
    all.ariaExpanded = String(more);
    all.textContent = more ? "Show fewer rows" : "Show all rows";
    [...list.children].forEach((item, i) => {
      item.hidden = !more && i >= few;
    });
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
    }
  };
}

// compare.js
var FIRST_ROWS = 8;
var EXCHANGED_ROWS = 5;
var REGIONS = ["eyes", "mouth", "hair"];
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
  const pair = element(
    "div",
    { className: "pair", hidden: true },
    element("figure", {}, first, element("figcaption", { className: "small" }, "First")),
    secondFigure
  );
  const moved = moves(FIRST_ROWS);
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
  const exchange = element(
    "div",
    { className: "exchange", hidden: true },
    element("h3", {}, "Exchange a region"),
    element("p", { className: "small" }, "Put one part of the first face into the second, and see which answers move."),
    element("div", { className: "buttons", role: "group", ariaLabel: "Part of the first face" }, ...regions),
    mixedWords,
    element("div", { className: "both" }, element("div", { className: "pair" }, mixedFigure), mixedMoves.node)
  );
  const body = element(
    "section",
    { className: "card", hidden: true },
    head,
    words,
    element("div", { className: "buttons" }, keep, drop),
    element("div", { className: "both" }, pair, moved.node),
    exchange
  );
  el.classList.add("facelens", "compare");
  el.append(body);
  keep.onclick = () => model.send({ kind: "keep" });
  drop.onclick = () => model.send({ kind: "drop" });
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
    if (pressed) (keep.hidden ? drop : drop.hidden ? keep : document.activeElement).focus();
  };
  const another = () => el.closest(".facelens-moving") ? "go back to the camera and take another snapshot" : "give another photo";
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
      words.textContent = (message.moved === null ? "" : `Probabilities moved by ${message.moved.toFixed(2)} on average; those that moved most come first.`) + (before === after ? "" : ` The first was read by ${before}, the second by ${after}.`);
      moved.fill(message.rows, message.note);
    },
    exchanged(message, [picture]) {
      composed.free();
      mixed.src = composed.url(picture, "image/jpeg");
      mixed.alt = `The second face with the ${message.region} of the first`;
      mixedCaption.textContent = `Second, with the first’s ${message.region}`;
      regions.forEach((button, i) => {
        button.ariaPressed = String(REGIONS[i] === message.region);
      });
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
    }
  });
  return () => {
    silence();
    shelf.free();
    composed.free();
  };
}
var compare_default = { render };
export {
  compare_default as default
};
