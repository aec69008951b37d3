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
function tellChosen(el, name) {
  el.dispatchEvent(new CustomEvent("facelens-chosen", { bubbles: true, detail: name }));
}
function hearChosen(el, signal, hear) {
  const page = (node) => node.closest(".facelens-page");
  document.addEventListener("facelens-chosen", ({ target, detail }) => {
    if (target !== el && page(target) === page(el)) hear(detail);
  }, { signal });
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

// home.js
var FORMS = [["png", "Picture (PNG)"], ["csv", "Table (CSV)"], ["json", "Data (JSON)"]];
var BREAK = 1500;
function download(buffer, name, type) {
  const url = URL.createObjectURL(new Blob([buffer], { type }));
  const link = element("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 6e4);
}
function takeHome({ report, address }) {
  const forms = FORMS.map(([form, text]) => {
    const button = element("button", { type: "button" }, text);
    button.onclick = () => {
      if (button.ariaDisabled === "true") return;
      button.ariaDisabled = "true";
      setTimeout(() => {
        button.ariaDisabled = "false";
      }, BREAK);
      report(form);
    };
    return button;
  });
  const copy = element("button", { type: "button", hidden: !document.body.dataset.voila }, "Copy a link to these settings");
  const copied = element("small", { role: "status" });
  const link = element("input", { type: "text", readOnly: true, hidden: true, ariaLabel: "Link to these settings" });
  copy.onclick = async () => {
    const text = address();
    try {
      await navigator.clipboard.writeText(text);
      copied.textContent = "Copied. It holds settings, no photo.";
    } catch {
      link.hidden = false;
      link.value = text;
      link.select();
      copied.textContent = "Copy it from here; it holds settings, no photo.";
    }
  };
  return {
    line: element(
      "div",
      { className: "tools home" },
      element("span", { className: "small" }, "Take it home:"),
      ...forms,
      copy,
      copied,
      link
    ),
    first: forms[0],
    /** Take away what was copied, or stands there to be copied. */
    forget() {
      link.hidden = true;
      copied.textContent = "";
    }
  };
}

// link.js
function settingsIn(query) {
  const [point, ...single] = (query.get("thresholds") ?? "").split(",").filter(Boolean);
  const pairs = [point, ...single].filter((each) => each?.includes(":")).map((each) => [each.slice(0, each.lastIndexOf(":")), parseFloat(each.slice(each.lastIndexOf(":") + 1))]).filter(([, value]) => value >= 0 && value <= 1);
  return { point: point?.includes(":") ? void 0 : point, single: new Map(pairs), sort: query.get("sort") };
}
function shareLink(href, query, launch) {
  const settings = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  if (launch) {
    return `${launch}?urlpath=${encodeURIComponent(`voila/render/dashboards/selfie.ipynb?${settings}`)}`;
  }
  const url = new URL(href);
  url.search = settings;
  url.hash = "";
  return url.href;
}

// verdicts.js
function rounded(value) {
  const down = Math.floor(value);
  const half = value - down;
  if (half !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}
function verdict(probability, threshold, curves, hinted) {
  if (hinted || threshold === null) return "doubtful";
  const p = Math.fround(probability);
  const cut = Math.fround(threshold);
  const nearest = rounded(Math.fround(cut * 100));
  const low = curves.doubt_low[nearest];
  const high = curves.doubt_high[nearest];
  if (low !== null && high !== null && Math.fround(low) <= p && p <= Math.fround(high)) {
    return "doubtful";
  }
  return p >= cut ? "yes" : "no";
}
function meaning(threshold, curves, data = "CelebA") {
  if (threshold === null) return `No threshold reaches this precision on ${data} faces.`;
  const column = rounded(Math.fround(threshold) * 100);
  if (curves.precision[column] === null) return `No ${data} face gets a yes here.`;
  const hundred = (value) => rounded(100 * Math.fround(value));
  const low = hundred(curves.precision_low[column]);
  const high = hundred(curves.precision_high[column]);
  const share = low === high ? `${low}` : `${low} to ${high}`;
  return `Of 100 ${data} faces that get a yes here, ${share} are labelled so; of 100 that are labelled so, ${hundred(curves.recall[column])} get a yes.`;
}
function sentence(rows, { logits, probabilities, hints }, verdicts, thresholds, most = 5) {
  if (hints.length) return `Sure of nothing in this face. ${hints.join(" ")}`;
  const yes = [];
  const no = [];
  const bent = [];
  const doubtful = [];
  const surest = rows.map((_, i) => i).sort((a, b) => Math.abs(logits[b]) - Math.abs(logits[a]));
  for (const i of surest) {
    if (rows[i].judgement || thresholds[i] === null) continue;
    const likely = Math.fround(probabilities[i]) >= 0.5;
    if (verdicts[i] === "yes") (likely ? yes : bent).push(rows[i].yes);
    else if (verdicts[i] === "no") {
      if (rows[i].telling || likely) (likely ? bent : no).push(rows[i].no);
    } else {
      const away = Math.abs(Math.fround(Math.fround(probabilities[i]) - Math.fround(thresholds[i])));
      doubtful.push([away, rows[i].yes]);
    }
  }
  const sure = [...yes, ...no].slice(0, most);
  const parts = [];
  if (sure.length) parts.push(`Fairly sure: ${sure.join(", ")}.`);
  const few = (words) => words.slice(0, most).join(", ") + (words.length > most ? ` and ${words.length - most} more` : "");
  if (bent.length) parts.push(`By these thresholds also: ${few(bent)}.`);
  if (doubtful.length) {
    parts.push(`Doubtful: ${few(doubtful.sort((a, b) => a[0] - b[0]).map(([, words]) => words))}.`);
  }
  return parts.join(" ") || "Sure of nothing in particular.";
}

// row.js
var DOT_WORDS = ["", "told apart poorly", "told apart fairly", "told apart well"];
var rowsBuilt = 0;
var separated = ({ dots, separation }) => `Yes and no are ${DOT_WORDS[dots]} (${separation.toFixed(2)}, where 0 is guessing and 1 always right).`;
function buildRow(description, index, network, on) {
  rowsBuilt += 1;
  const id = `facelens-meaning-${rowsBuilt}`;
  const label = element(
    "button",
    { type: "button", className: "label", title: "Show where the network looks for this" },
    description.label
  );
  if (description.dots) {
    label.append(
      element(
        "span",
        { className: "dots", ariaHidden: "true", title: `On ${description.data} faces yes and no are ${DOT_WORDS[description.dots]}` },
        "●".repeat(description.dots),
        element("i", {}, "●".repeat(3 - description.dots))
      ),
      element("span", { className: "unseen" }, ` (${DOT_WORDS[description.dots]})`)
    );
  }
  const zone = element("span", { className: "zone" });
  const fill = element("span", { className: "fill" });
  const slider = element("input", {
    type: "range",
    min: "0",
    max: "1",
    step: "0.01",
    ariaLabel: `Threshold for ${description.label}`,
    "aria-describedby": id
  });
  const bar = element(
    "div",
    { className: "bar" },
    element("span", { className: "track" }, fill, zone),
    slider
  );
  const probability = element("span", { className: "probability" });
  const chip = element("span", { className: "chip" });
  const meaningLine = element("p", { className: "meaning small", id });
  const points = network.points.map((point) => {
    const button = element("button", {
      type: "button",
      title: point.about,
      ariaLabel: `${point.title} for ${description.label}`
    }, point.title);
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
  const more = element(
    "div",
    { className: "more small" },
    element("span", {}, "This row:"),
    ...points,
    question,
    ...marks,
    show
  );
  const item = element("li", { className: "row" }, label, bar, probability, chip, meaningLine, more);
  const row = {
    ...description,
    index,
    item,
    label,
    zone,
    fill,
    slider,
    probability,
    chip,
    meaningLine,
    points,
    question,
    marks,
    curves: network.curves[description.name],
    threshold: null,
    verdict: "doubtful"
  };
  slider.oninput = () => on.move(row, slider.valueAsNumber);
  label.onclick = () => on.choose(row);
  return row;
}
function paintRow(row, network, face, so) {
  const p = face.probabilities[row.index];
  const { threshold } = row;
  row.verdict = verdict(p, threshold, row.curves, face.hints.length > 0);
  row.item.dataset.verdict = row.verdict;
  row.fill.style.width = `${100 * p}%`;
  row.probability.replaceChildren(
    element("span", { className: "unseen" }, "probability "),
    p.toFixed(2)
  );
  paintVerdict(row, so);
  row.points.forEach((button, i) => {
    button.ariaPressed = String(network.points[i].thresholds[row.index] === threshold);
  });
  const words = meaning(threshold, row.curves, row.data);
  row.meaningLine.replaceChildren(
    element("b", {}, threshold === null ? "Out of reach. " : `Yes from ${threshold.toFixed(2)}. `),
    [words, row.separation === null ? "" : separated(row), row.note].filter(Boolean).join(" ")
  );
  row.slider.value = threshold ?? 1;
  row.slider.classList.toggle("void", threshold === null);
  row.slider.ariaValueText = threshold === null ? "out of reach" : `${threshold.toFixed(2)}, so the verdict is ${row.verdict}`;
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
  const yes = so === void 0 || doubtful ? so : so === (row.verdict === "yes");
  row.chip.replaceChildren(...unreachable ? [element("span", { ariaHidden: "true" }, "—"), element("span", { className: "unseen" }, "no threshold")] : [row.verdict], ...yes === void 0 || doubtful ? [] : [
    element("span", { ariaHidden: "true" }, yes ? " ✓" : " ✗"),
    element("span", { className: "unseen" }, yes ? ", you say this is right" : ", you say this is wrong")
  ]);
  row.item.classList.toggle("void", unreachable);
  row.question.textContent = doubtful ? "Is it so?" : "Was this right?";
  row.marks.forEach((button, i) => {
    button.ariaPressed = String(yes === (i === 0));
    button.ariaLabel = `${row.label.firstChild.data}, ${row.question.textContent} ${button.textContent}`;
  });
}

// board.js
var SORTS = [
  ["group", "In groups"],
  ["likely", "Most likely first"],
  ["doubt", "Doubtful first"],
  ["name", "A to Z"]
];
var DOUBT_ORDER = { doubtful: 0, yes: 1, no: 2 };
var SPELLINGS = [["grey", "gray"], ["moustache", "mustache"], ["make up", "make-up"]];
var OF_A_PHOTO = [
  "What happens to a photo here",
  "Every face in it is detected, and the one you pick is aligned: turned, shifted and scaled into one frame.",
  "A network that has seen thousands of labelled faces says how likely each of its attributes is: smiling, eyeglasses, wavy hair…",
  "A threshold turns each probability into yes, no or doubtful. You can move every one.",
  "You see where the network looked, and what its layers made of the face."
];
var OF_A_CAMERA = [
  "What happens to the camera's picture here",
  "The picture goes to the network frame by frame, each as soon as the one before is answered.",
  "Every face in it is found and followed, so that a person keeps a number.",
  "The network says how likely each attribute is; thresholds turn that into yes or no, here and beside the face.",
  "A snapshot can be looked at closely: where the network looked, and what its layers made of it."
];
function render({ model, el, signal }) {
  el.classList.add("facelens", "board");
  const answer = element("p", { className: "sentence", ariaLive: "polite" });
  const doubts = element("p", { className: "small", hidden: true });
  const presets = element("div", { className: "presets", role: "group", ariaLabel: "Thresholds for all rows" });
  const about = element("small", { className: "about" });
  const sort = element(
    "select",
    { ariaLabel: "Order of the rows" },
    ...SORTS.map(([value, text]) => element("option", { value }, text))
  );
  const search = element("input", { type: "search", placeholder: "Find a row", ariaLabel: "Find a row" });
  const explain = element("button", { type: "button", ariaPressed: "false" }, "Explain every row");
  const reset = element("button", { type: "button" }, "Reset");
  const tools = element("div", { className: "tools" }, sort, search, explain, reset);
  const home = takeHome({ report, address });
  const lists = element("div", { className: "lists" });
  const nothing = element("p", { className: "small", hidden: true }, "No row is called that.");
  const foldTitle = element("summary");
  const foldNote = element("p", { className: "small" });
  const foldList = element("ol");
  const fold = element("details", { className: "judgements" }, foldTitle, foldNote, foldList);
  const skip = element("button", { type: "button", className: "skip" }, "Past the rows");
  const filled = element(
    "div",
    { className: "filled", hidden: true },
    element("h2", { className: "unseen" }, "What the network answers"),
    element("div", { className: "card" }, answer, doubts),
    element(
      "div",
      { className: "controls" },
      element("span", { className: "small" }, "Thresholds for all rows:"),
      presets
    ),
    about,
    tools,
    skip,
    lists,
    nothing,
    fold,
    home.line
  );
  const emptyTitle = element("h2");
  const emptyList = element("ol");
  const empty = element("div", { className: "empty card" }, emptyTitle, emptyList);
  const invite = () => {
    const [first, ...steps] = el.closest(".facelens-moving") ? OF_A_CAMERA : OF_A_PHOTO;
    emptyTitle.textContent = first;
    emptyList.replaceChildren(...steps.map((step) => element("li", {}, step)));
  };
  invite();
  el.append(empty, filled);
  let network = null;
  let face = null;
  let rows = [];
  let active = null;
  const marked = /* @__PURE__ */ new Map();
  const marksOf = (key) => {
    if (!marked.has(key)) marked.set(key, /* @__PURE__ */ new Map());
    return marked.get(key);
  };
  const folded = /* @__PURE__ */ new Set();
  let wanted = settingsIn(new URLSearchParams(document.body.dataset.voila ? location.search : ""));
  const current = () => network.points.find((point) => rows.every(
    (row) => point.thresholds[row.index] === row.threshold
  ));
  const pointNamed = (name) => network.points.find((point) => point.name === name);
  const rowOf = (description, index) => buildRow(description, index, network, {
    move(row, threshold) {
      row.threshold = threshold;
      activate(row);
      paint(row);
      paintSummary();
    },
    mark,
    choose(row) {
      activate(row);
      markChosen({ name: row.name });
      tellChosen(el, row.name);
      model.send({ kind: "choose", name: row.name });
    },
    // On a phone the map is far below the rows; beside them it is in sight already.
    show: () => el.closest(".facelens-page")?.querySelector(".looks")?.scrollIntoView({ block: "start", behavior: "smooth" })
  });
  function activate(row) {
    if (active === row) return;
    const before = row.item.getBoundingClientRect().top;
    active?.item.classList.remove("active");
    active = row;
    row.item.classList.add("active");
    const moved = row.item.getBoundingClientRect().top - before;
    if (moved) window.scrollBy({ top: moved, behavior: "instant" });
  }
  function mark(row, yes) {
    const said = marksOf(face.key);
    const so = row.verdict === "no" ? !yes : yes;
    if (said.get(row.name) === so) said.delete(row.name);
    else said.set(row.name, so);
    paint(row);
  }
  const paint = (row) => paintRow(row, network, face, marksOf(face.key).get(row.name));
  function paintSummary() {
    home.forget();
    answer.textContent = sentence(
      rows,
      face,
      rows.map((row) => row.verdict),
      rows.map((row) => row.threshold)
    );
    doubts.textContent = "So every answer here is marked doubtful.";
    doubts.hidden = face.hints.length === 0;
    const point = current();
    [...presets.children].forEach((button, i) => {
      button.ariaPressed = String(network.points[i] === point);
    });
    about.textContent = point ? point.about : "Your own thresholds.";
    about.append(" Drag the tick on a bar to move its threshold. Where a bar ends in the hatched part, the answer is too close to call.");
  }
  function paintAll() {
    rows.forEach(paint);
    paintSummary();
    arrange();
  }
  function arrange() {
    const words = SPELLINGS.reduce(
      (text, [from, to]) => text.replaceAll(from, to),
      search.value.trim().toLowerCase()
    );
    const fits = (row) => `${row.label.textContent} ${row.name}`.toLowerCase().includes(words);
    const p = (row) => face.probabilities[row.index];
    const orders = {
      group: () => 0,
      likely: (a, b) => p(b) - p(a),
      doubt: (a, b) => DOUBT_ORDER[a.verdict] - DOUBT_ORDER[b.verdict] || p(b) - p(a),
      name: (a, b) => a.label.textContent.localeCompare(b.label.textContent)
    };
    const order = orders[sort.value];
    const plain = rows.filter((row) => !row.judgement && fits(row)).sort(order);
    const judged = rows.filter((row) => row.judgement && fits(row)).sort(order);
    const sections = sort.value === "group" ? network.groups.map(([group, title]) => [title, plain.filter((row) => row.group === group)]).filter(([, members]) => members.length) : plain.length ? [["", plain]] : [];
    const focused = document.activeElement;
    lists.replaceChildren(...sections.map(([title, members]) => {
      const list = element("ol", {}, ...members.map((row) => row.item));
      if (!title) return list;
      const group = element(
        "details",
        { open: Boolean(words) || !folded.has(title) },
        element("summary", {}, element("h3", {}, title)),
        list
      );
      group.ontoggle = () => {
        if (search.value.trim()) return;
        if (group.open) folded.delete(title);
        else folded.add(title);
      };
      return group;
    }));
    foldList.replaceChildren(...judged.map((row) => row.item));
    fold.hidden = judged.length === 0;
    const count = rows.filter((row) => row.judgement).length;
    foldTitle.textContent = `${network.judgements.title} (${words ? `${judged.length} of ${count} fit; open to see` : count})`;
    nothing.hidden = plain.length + judged.length > 0;
    if (el.contains(focused)) focused.focus();
  }
  function setPoint(name) {
    const point = pointNamed(name);
    for (const row of rows) row.threshold = point.thresholds[row.index];
  }
  function report(form) {
    model.send({
      kind: "report",
      form,
      thresholds: Object.fromEntries(rows.map((row) => [row.name, row.threshold])),
      marks: Object.fromEntries(marksOf(face.key)),
      judgements: fold.open
    });
  }
  function nearest() {
    const others = (point2) => rows.filter((row) => row.threshold !== point2.thresholds[row.index]);
    const point = network.points.toSorted((a, b) => others(a).length - others(b).length)[0];
    return { point, own: others(point).filter((row) => row.threshold !== null) };
  }
  function address() {
    const { point, own } = nearest();
    const single = own.map((row) => `${row.name}:${row.threshold.toFixed(2)}`);
    const query = { thresholds: [point.name, ...single].join(","), sort: sort.value, network: network.address };
    return shareLink(location.href, query, network.launch);
  }
  function markChosen({ name }) {
    for (const row of rows) {
      row.label.ariaPressed = String(row.name === name);
      row.item.classList.toggle("chosen", row.name === name);
    }
  }
  skip.onclick = () => {
    const next = fold.hidden ? home.first : foldTitle;
    next.focus();
    next.scrollIntoView({ block: "center" });
  };
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
    paintAll();
  };
  function forget() {
    face = null;
    answer.textContent = doubts.textContent = "";
    lists.replaceChildren();
    foldList.replaceChildren();
    fold.open = false;
    active = null;
    if (network) {
      const cuts = rows.map((row) => row.threshold);
      rows = network.rows.map(rowOf);
      rows.forEach((row, i) => {
        row.threshold = cuts[i];
      });
    }
    marked.clear();
    home.forget();
    empty.hidden = false;
    filled.hidden = true;
  }
  el.facelens = {
    verdict(name, probability, hinted) {
      const row = rows.find((each) => each.name === name);
      return row ? verdict(probability, row.threshold, row.curves, hinted) : null;
    },
    read(next) {
      if (!next) {
        forget();
        return;
      }
      if (!network) return;
      const first = face?.key !== next.key;
      face = next;
      answer.ariaLive = "off";
      empty.hidden = true;
      filled.hidden = false;
      rows.forEach(paint);
      paintSummary();
      if (first) arrange();
    },
    stale(on) {
      el.classList.toggle("stale", on);
    }
  };
  hearChosen(el, signal, (name) => markChosen({ name }));
  return listen(model, el, {
    network(message) {
      let before = wanted;
      if (network) {
        const { point, own } = nearest();
        before = { point: point.name, single: new Map(own.map((row) => [row.name, row.threshold])) };
      }
      network = message;
      invite();
      face = null;
      active = null;
      if (el.closest(".facelens-live")) forget();
      rows = network.rows.map(rowOf);
      setPoint((pointNamed(before.point) ?? network.points[0]).name);
      for (const row of rows) {
        const threshold = before.single.get(row.name);
        if (threshold !== void 0) row.threshold = threshold;
      }
      if (SORTS.some(([value]) => value === wanted.sort)) sort.value = wanted.sort;
      wanted = {};
      presets.replaceChildren(...network.points.map((point) => {
        const button = element("button", { type: "button", title: point.about }, point.title);
        button.onclick = () => {
          setPoint(point.name);
          paintAll();
        };
        return button;
      }));
      foldNote.textContent = network.judgements.note;
    },
    face(message) {
      if (!network) return;
      face = message;
      answer.ariaLive = "polite";
      el.classList.remove("stale");
      empty.hidden = true;
      filled.hidden = false;
      paintAll();
    },
    chosen(message) {
      markChosen(message);
      const row = rows.find((each) => each.name === message.name);
      if (row && !active) activate(row);
    },
    file({ name, type }, [buffer]) {
      download(buffer, name, type);
    },
    clear: forget
  });
}
var board_default = { render };
export {
  board_default as default
};
