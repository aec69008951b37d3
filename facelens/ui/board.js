const SORTS = [
  ["group", "In groups"],
  ["likely", "Most likely first"],
  ["doubt", "Doubtful first"],
  ["name", "A to Z"],
];
const DOUBT_ORDER = { doubtful: 0, yes: 1, no: 2 };
const digits = (value) => value.toFixed(2);

function render({ model, el }) {
  el.classList.add("facelens", "board");

  const answer = element("p", { className: "sentence", ariaLive: "polite" });
  const doubts = element("p", { className: "small", hidden: true });
  const presets = element("div", { className: "presets", role: "group", ariaLabel: "Thresholds for all rows" });
  const about = element("small", { className: "about" });
  const sort = element(
    "select",
    { ariaLabel: "Order of the rows" },
    ...SORTS.map(([value, text]) => element("option", { value }, text)),
  );
  const search = element("input", { type: "search", placeholder: "Find a row", ariaLabel: "Find a row" });
  const explain = element("button", { type: "button", ariaPressed: "false" }, "Explain every row");
  const reset = element("button", { type: "button" }, "Reset");
  const tools = element("div", { className: "tools" }, sort, search, explain, reset);
  const lists = element("div", { className: "lists" });
  const nothing = element("p", { className: "small", hidden: true }, "No row is called that.");
  const foldTitle = element("summary");
  const foldNote = element("p", { className: "small" });
  const foldList = element("ol");
  const fold = element("details", { className: "judgements" }, foldTitle, foldNote, foldList);
  const filled = element(
    "div",
    { className: "filled", hidden: true },
    element("div", { className: "card" }, answer, doubts),
    element("div", { className: "controls" },
      element("span", { className: "small" }, "Thresholds for all rows:"), presets),
    about, tools, lists, nothing, fold,
  );
  const empty = element(
    "div",
    { className: "empty card" },
    element("h2", {}, "What happens to a photo here"),
    element("ol", {},
      element("li", {}, "Every face in it is found, and the one you pick is laid straight."),
      element("li", {}, "A network that has seen thousands of labelled faces says how likely each of its attributes is: smiling, eyeglasses, wavy hair…"),
      element("li", {}, "A threshold turns each probability into yes, no or doubtful. You can move every one."),
      element("li", {}, "You see where the network looked, and what its layers made of the face.")),
  );
  el.append(empty, filled);

  let network = null;
  let face = null;
  let rows = [];
  let active = null;
  let chosen = null;

  const pointNamed = (name) => network.points.find((point) => point.name === name);

  function buildRow(description, index) {
    const id = `facelens-${crypto.randomUUID()}`;
    const label = element(
      "button",
      { type: "button", className: "label", title: "Show where the network looks for this" },
      description.label,
    );
    if (description.note) {
      label.append(
        element("span", { className: "mark", ariaHidden: "true" }, "≈"),
        element("span", { className: "unseen" }, " (hard to tell)"),
      );
    }
    const zone = element("span", { className: "zone" });
    const fill = element("span", { className: "fill" });
    const slider = element("input", {
      type: "range", min: "0", max: "1", step: "0.01",
      ariaLabel: `Threshold for ${description.label}`,
      "aria-describedby": id,
    });
    const bar = element("div", { className: "bar" },
      element("span", { className: "track" }, fill, zone), slider);
    const probability = element("span", { className: "probability" });
    const chip = element("span", { className: "chip" });
    const meaningLine = element("p", { className: "meaning small", id });
    const item = element("li", { className: "row" }, label, bar, probability, chip, meaningLine);
    const row = {
      ...description, index, item, label, zone, fill, slider, probability, chip, meaningLine,
      curves: network.curves[description.name], threshold: null, verdict: "doubtful",
    };
    slider.oninput = () => {
      row.threshold = slider.valueAsNumber;
      activate(row);
      paintRow(row);
      paintSummary();
    };
    slider.onfocus = () => activate(row);
    label.onclick = () => {
      activate(row);
      markChosen({ name: row.name });
      model.send({ kind: "choose", name: row.name });
      // On a phone the map is below the rows; beside them it is in sight already.
      el.closest(".facelens-page")?.querySelector(".looks")
        ?.scrollIntoView({ block: "nearest", behavior: "smooth" });
    };
    return row;
  }

  function activate(row) {
    active?.item.classList.remove("active");
    active = row;
    row.item.classList.add("active");
  }

  function paintRow(row) {
    const p = face.probabilities[row.index];
    const { threshold } = row;
    row.verdict = verdict(p, threshold, row.curves, face.hints.length > 0);
    row.item.dataset.verdict = row.verdict;
    row.fill.style.width = `${100 * p}%`;
    row.probability.replaceChildren(
      element("span", { className: "unseen" }, "probability "), digits(p));
    row.chip.textContent = row.verdict;
    const words = meaning(row.label.firstChild.data, threshold, row.curves);
    row.meaningLine.replaceChildren(
      element("b", {}, threshold === null ? "Out of reach. " : `Yes from ${digits(threshold)}. `),
      row.note ? `${words} ${row.note}` : words);
    row.slider.value = threshold ?? 1;
    row.slider.classList.toggle("void", threshold === null);
    row.slider.ariaValueText = threshold === null
      ? "out of reach"
      : `${digits(threshold)}, so the verdict is ${row.verdict}`;
    const nearest = threshold === null ? null : rounded(100 * threshold);
    const low = nearest === null ? null : row.curves.doubt_low[nearest];
    const high = nearest === null ? null : row.curves.doubt_high[nearest];
    row.zone.hidden = low === null || high === null;
    row.zone.style.left = `${100 * (low ?? 0)}%`;
    row.zone.style.width = `${100 * Math.max(0, (high ?? 0) - (low ?? 0))}%`;
  }

  function paintSummary() {
    answer.textContent = sentence(rows, face.logits, rows.map((row) => row.verdict));
    doubts.textContent = `Every answer here is marked doubtful. ${face.hints.join(" ")}`;
    doubts.hidden = face.hints.length === 0;
    const same = (point) => rows.every((row) => {
      const cut = point.thresholds[row.index];
      return cut === row.threshold;
    });
    const current = network.points.find(same);
    [...presets.children].forEach((button, i) => {
      button.ariaPressed = String(network.points[i] === current);
    });
    about.textContent = current ? current.about : "Your own thresholds.";
    about.append(" Drag the tick on a bar to move its threshold; where a bar is hatched, the"
      + " answer is too close to call.");
  }

  function paint() {
    rows.forEach(paintRow);
    paintSummary();
    arrange();
  }

  function arrange() {
    const words = search.value.trim().toLowerCase();
    const fits = (row) => `${row.label.textContent} ${row.name}`.toLowerCase().includes(words);
    const p = (row) => face.probabilities[row.index];
    const orders = {
      group: () => 0,
      likely: (a, b) => p(b) - p(a),
      doubt: (a, b) => DOUBT_ORDER[a.verdict] - DOUBT_ORDER[b.verdict] || p(b) - p(a),
      name: (a, b) => a.label.textContent.localeCompare(b.label.textContent),
    };
    const order = orders[sort.value];
    const plain = rows.filter((row) => !row.judgement && fits(row)).sort(order);
    const judged = rows.filter((row) => row.judgement && fits(row)).sort(order);
    const sections = sort.value === "group"
      ? network.groups
        .map(([group, title]) => [title, plain.filter((row) => row.group === group)])
        .filter(([, members]) => members.length)
      : plain.length ? [["", plain]] : [];
    const focused = document.activeElement;
    lists.replaceChildren(...sections.map(([title, members]) => element(
      "section", {},
      ...(title ? [element("h3", {}, title)] : []),
      element("ol", {}, ...members.map((row) => row.item)),
    )));
    foldList.replaceChildren(...judged.map((row) => row.item));
    fold.hidden = judged.length === 0;
    nothing.hidden = plain.length + judged.length > 0;
    if (el.contains(focused)) focused.focus();
  }

  function setPoint(name) {
    const point = pointNamed(name);
    for (const row of rows) row.threshold = point.thresholds[row.index];
  }

  function markChosen({ name }) {
    chosen = name;
    for (const row of rows) {
      row.label.ariaPressed = String(row.name === name);
      row.item.classList.toggle("chosen", row.name === name);
    }
  }

  sort.onchange = arrange;
  search.oninput = arrange;
  explain.onclick = () => {
    const all = explain.ariaPressed !== "true";
    explain.ariaPressed = String(all);
    el.classList.toggle("explained", all);
  };
  reset.onclick = () => {
    setPoint(network.points[0].name);
    sort.value = "group";
    search.value = "";
    explain.ariaPressed = "false";
    el.classList.remove("explained");
    paint();
  };

  return listen(model, el, {
    network(message) {
      network = message;
      rows = network.rows.map(buildRow);
      setPoint(network.points[0].name);
      presets.replaceChildren(...network.points.map((point) => {
        const button = element("button", { type: "button", title: point.about }, point.title);
        button.onclick = () => {
          setPoint(point.name);
          paint();
        };
        return button;
      }));
      const judged = rows.filter((row) => row.judgement).length;
      foldTitle.textContent = `${network.judgements.title} (${judged})`;
      foldNote.textContent = network.judgements.note;
      if (face) paint();
    },
    face(message) {
      face = message;
      empty.hidden = true;
      filled.hidden = false;
      paint();
    },
    chosen(message) {
      markChosen(message);
      const row = rows.find((each) => each.name === message.name);
      if (row && !active) activate(row);
    },
    clear() {
      face = null;
      empty.hidden = false;
      filled.hidden = true;
    },
  });
}

export default { render };
