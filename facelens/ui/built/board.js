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
function numbers({ buffer, byteOffset, byteLength }, Type) {
  return new Type(buffer.slice(byteOffset, byteOffset + byteLength));
}
function tellChosen(el, name) {
  el.dispatchEvent(new CustomEvent("facelens-chosen", { bubbles: true, detail: name }));
}
function hearChosen(el, signal, hear) {
  hearOnPage("facelens-chosen", el, signal, hear);
}
function hearOnPage(event, el, signal, hear) {
  const page = (node) => node.closest(".facelens-page");
  document.addEventListener(event, ({ target, detail }) => {
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

// curves.js
var UNKNOWN = 65535;
function curvesOf(buffer, names, columns) {
  const values = Array.from(numbers(buffer, Uint16Array), (value) => value === UNKNOWN ? null : value / 1e4);
  const length = values.length / (columns.length * names.length);
  return Object.fromEntries(names.map((name, i) => [name, Object.fromEntries(columns.map((column, k) => {
    const start = (k * names.length + i) * length;
    return [column, values.slice(start, start + length)];
  }))]));
}

// guess.js
var WAITS = "The next face asks you first.";
function guessFirst({ el, mark }) {
  const button = element("button", { type: "button", className: "guess-first", ariaPressed: "false" }, "Guess first");
  const note = element("small", { role: "status", hidden: true }, WAITS);
  const panel = element("section", { className: "card guess", hidden: true, ariaLabel: "Guess first" });
  let asked = [];
  let guesses = /* @__PURE__ */ new Map();
  let right = /* @__PURE__ */ new Map();
  const hide = (on) => {
    el.classList.toggle("guessing", on);
    el.closest(".facelens-page")?.classList.toggle("facelens-guessing", on);
  };
  function close() {
    panel.hidden = true;
    panel.replaceChildren();
    hide(false);
  }
  function pair(name, texts, chosen, choose) {
    const buttons = texts.map(([text, value]) => {
      const each = element("button", { type: "button", ariaPressed: String(chosen === value), ariaLabel: `${name}: ${text}` }, text);
      each.onclick = () => {
        choose(value);
        for (const other of buttons) other.ariaPressed = String(other === each);
      };
      return each;
    });
    return element("span", { className: "pair" }, ...buttons);
  }
  const labelOf = (row) => row.label.firstChild.data;
  function ask() {
    const show = element("button", { type: "button", className: "main" }, "Show the answers");
    const skip = element("button", { type: "button" }, "Not this face");
    show.onclick = score;
    skip.onclick = close;
    panel.replaceChildren(
      element("h2", {}, "What do you see?"),
      element("p", { className: "small" }, "Guess before the network answers. Your guesses stay in this page."),
      element("ul", {}, ...asked.map((row) => element(
        "li",
        {},
        element("span", {}, labelOf(row)),
        pair(labelOf(row), [["yes", true], ["no", false]], void 0, (value) => guesses.set(row.name, value))
      ))),
      element("div", { className: "tools" }, show, skip)
    );
    panel.hidden = false;
    hide(true);
  }
  function score() {
    hide(false);
    const told = asked.filter((row) => guesses.has(row.name));
    const clear = told.filter((row) => row.verdict !== "doubtful");
    const same = (row) => guesses.get(row.name) === (row.verdict === "yes");
    const doubts = told.length - clear.length;
    const line = element("p", {}, `You and the network agree on ${clear.filter(same).length} of ${clear.length}.` + (doubts ? ` It is in doubt about ${doubts}.` : ""));
    const tally = element("p", { className: "small", role: "status" });
    const count = () => {
      const said = [...right.values()];
      tally.textContent = said.length ? `Where you differed, you say that you were right ${said.filter(Boolean).length} of ${said.length} times.` : "";
    };
    const done = element("button", { type: "button" }, "Close");
    done.onclick = close;
    panel.replaceChildren(
      element("h2", { tabIndex: -1 }, "You and the network"),
      line,
      element("ul", {}, ...told.map((row) => {
        const guess = guesses.get(row.name);
        const words = `you ${guess ? "yes" : "no"}, the network ${row.verdict} (${probabilityText(row.p)})`;
        const item = element("li", {}, element("span", {}, labelOf(row), " ", element("small", {}, words)));
        if (row.verdict !== "doubtful" && !same(row)) {
          item.append(element("small", { className: "who" }, "Who is right?"), pair(`${labelOf(row)}, who is right?`, [["I am", true], ["the network is", false]], void 0, (mine) => {
            right.set(row.name, mine);
            mark(row.name, mine ? guess : !guess);
            count();
          }));
        }
        return item;
      })),
      tally,
      element("div", { className: "tools" }, done)
    );
    panel.querySelector("h2").focus({ preventScroll: true });
  }
  button.onclick = () => {
    const on = button.ariaPressed !== "true";
    button.ariaPressed = String(on);
    note.hidden = !on;
    if (!on) close();
  };
  return {
    button,
    panel,
    note,
    /** A face has come whose answers about `rows` are not to be seen yet, if the visitor wishes so. */
    meet(rows) {
      close();
      if (button.ariaPressed !== "true") return;
      note.hidden = true;
      asked = rows;
      guesses = /* @__PURE__ */ new Map();
      right = /* @__PURE__ */ new Map();
      ask();
    },
    forget() {
      close();
      asked = [];
      guesses.clear();
      right.clear();
    }
  };
}

// home.js
var FORMS = [["png", "Picture (PNG)"], ["card", "Card to share (PNG)"], ["csv", "Table (CSV)"], ["json", "Data (JSON)"]];
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

// happens.js
var OF_A_PHOTO = [
  "What happens to a photo here",
  "Every face in it is detected, and the one you pick is aligned: turned, shifted and scaled into one frame.",
  "A network that has seen thousands of labelled faces says how likely each of its attributes is: smiling, eyeglasses, wavy hair…",
  "A threshold turns each probability into yes, no or doubtful. You can move every one.",
  "You see where the network looked, and what its layers made of the face."
];

// invite.js
var OF_A_CAMERA = [
  "What happens to the camera's picture here",
  "The picture goes to the network frame by frame, each as soon as the one before is answered.",
  "Every face in it is found and followed, so that a person keeps a number.",
  "The network says how likely each attribute is; thresholds turn that into yes or no, here and beside the face.",
  "A snapshot can be looked at closely: where the network looked, and what its layers made of it."
];
function invitation(el) {
  const title = element("h2");
  const list = element("ol");
  return {
    box: element("div", { className: "empty card" }, title, list),
    invite() {
      const [first, ...steps] = el.closest(".facelens-moving") ? OF_A_CAMERA : OF_A_PHOTO;
      title.textContent = first;
      list.replaceChildren(...steps.map((step) => element("li", {}, step)));
    }
  };
}

// legend.js
var SIGNS = [
  ["handle", "the threshold: drag it"],
  ["close", "a bar that ends here is too close to call"],
  ["reach", "how far the answer moves when the picture is shifted, scaled, lit or mirrored a little"],
  ["dots", "how well yes and no are told apart"]
];
function legend() {
  return element(
    "ul",
    { className: "legend small", ariaLabel: "What the signs mean" },
    ...SIGNS.map(([sign, words]) => element(
      "li",
      {},
      element("span", { className: `sign ${sign}`, ariaHidden: "true" }, sign === "dots" ? "●●●" : ""),
      element("span", {}, words)
    ))
  );
}

// link.js
var listed = (text) => (text ?? "").split(",").filter(Boolean);
var numbered = (parts) => new Map(parts.filter((each) => each.includes(":")).map((each) => [each.slice(0, each.lastIndexOf(":")), parseFloat(each.slice(each.lastIndexOf(":") + 1))]).filter(([, value]) => value >= 0 && value <= 1));
function settingsIn(query) {
  const parts = listed(query.get("thresholds"));
  return {
    point: parts[0]?.includes(":") ? void 0 : parts[0],
    single: numbered(parts),
    sort: query.get("sort"),
    cost: query.get("cost"),
    common: query.get("common"),
    rates: numbered(listed(query.get("rates")))
  };
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
  const nearest2 = rounded(Math.fround(cut * 100));
  const low = curves.doubt_low[nearest2];
  const high = curves.doubt_high[nearest2];
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
var NEWS = 0.25;
function surprise(row, probability) {
  return Math.fround(Math.fround(probability) - Math.fround(row.base ?? 0.5));
}
function sentence(rows, { probabilities, hints }, verdicts, thresholds, most = 5) {
  if (hints.length) return `Sure of nothing in this face. ${hints.join(" ")}`;
  const sure = [];
  const bent = [];
  const doubtful = [];
  let usual = false;
  const away = rows.map((row, i) => surprise(row, probabilities[i]));
  const telling = rows.map((_, i) => i).sort((a, b) => Math.abs(away[b]) - Math.abs(away[a]));
  for (const i of telling) {
    const row = rows[i];
    if (row.judgement || thresholds[i] === null) continue;
    const p = Math.fround(probabilities[i]);
    if (verdicts[i] === "doubtful") {
      doubtful.push([Math.abs(Math.fround(p - Math.fround(thresholds[i]))), row.yes]);
    } else if (verdicts[i] === "yes" !== p >= 0.5) {
      bent.push(row[verdicts[i]]);
    } else if (verdicts[i] === "yes" ? away[i] >= NEWS : away[i] <= -NEWS && (row.telling || Math.fround(p - away[i]) >= 0.5)) {
      sure.push(row[verdicts[i]]);
    } else {
      usual = true;
    }
  }
  const parts = [];
  if (sure.length) parts.push(`Fairly sure: ${sure.slice(0, most).join(", ")}.`);
  else if (usual) parts.push("Nothing out of the ordinary.");
  const few = (words) => words.slice(0, most).join(", ") + (words.length > most ? ` and ${words.length - most} more` : "");
  if (bent.length) parts.push(`By these thresholds also: ${few(bent)}.`);
  if (doubtful.length) {
    parts.push(`Doubtful: ${few(doubtful.sort((a, b) => a[0] - b[0]).map(([, words]) => words))}.`);
  }
  return parts.join(" ") || "Sure of nothing in particular.";
}

// order.js
var SORTS = [
  ["telling", "Most telling first"],
  ["group", "In groups"],
  ["likely", "Most likely first"],
  ["doubt", "Doubtful first"],
  ["name", "A to Z"]
];
var FIRST = 8;
var FEW_MORE = 2;
var DOUBT_ORDER = { doubtful: 0, yes: 1, no: 2 };
var SPELLINGS = [["grey", "gray"], ["moustache", "mustache"], ["make up", "make-up"]];
function ordered(rows, face, { sort, search, all }) {
  const words = SPELLINGS.reduce((text, [from, to]) => text.replaceAll(from, to), search.trim().toLowerCase());
  const fits = (row) => `${row.label.textContent} ${row.name}`.toLowerCase().includes(words);
  const p = (row) => face.probabilities[row.index];
  const away = (row) => Math.abs(surprise(row, p(row)));
  const order = {
    telling: (a, b) => away(b) - away(a),
    group: () => 0,
    likely: (a, b) => p(b) - p(a),
    doubt: (a, b) => DOUBT_ORDER[a.verdict] - DOUBT_ORDER[b.verdict] || p(b) - p(a),
    name: (a, b) => a.label.textContent.localeCompare(b.label.textContent)
  }[sort];
  const plain = rows.filter((row) => !row.judgement && fits(row)).sort(order);
  const judged = rows.filter((row) => row.judgement && fits(row)).sort(order);
  const foldable = sort === "telling" && !words && plain.length > FIRST + FEW_MORE;
  const rest = foldable && !all ? plain.splice(FIRST) : [];
  return { words, plain, rest, judged, foldable };
}

// handle.js
var SLACK = 4;
function dragged(handle, bar, slider, { from, move }) {
  let press = null;
  const end = (undo) => {
    const { moved, threshold } = press;
    press = null;
    bar.classList.remove("dragging");
    if (undo && moved) move(threshold);
  };
  handle.onpointerdown = (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    press = { id: event.pointerId, x: event.clientX, threshold: from(), moved: false };
    handle.setPointerCapture(event.pointerId);
    if (event.pointerType === "mouse") event.preventDefault();
    slider.focus({ preventScroll: true, focusVisible: false });
  };
  handle.onpointermove = (event) => {
    if (event.pointerId !== press?.id) return;
    const by = event.clientX - press.x;
    if (!press.moved && Math.abs(by) < SLACK) return;
    press.moved = true;
    bar.classList.add("dragging");
    const share = (press.threshold ?? 1) + by / bar.getBoundingClientRect().width;
    move(Math.round(100 * Math.min(1, Math.max(0, share))) / 100);
  };
  handle.onpointerup = (event) => {
    if (event.pointerId !== press?.id) return;
    handle.dataset.moved = String(press.moved);
    end(false);
  };
  handle.onpointercancel = handle.onlostpointercapture = (event) => {
    if (event.pointerId === press?.id) end(true);
  };
  handle.onclick = (event) => {
    if (handle.dataset.moved === "true") event.stopPropagation();
  };
  slider.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && press) end(true);
  });
}

// prior.js
function rightAmong(base, recall, fpr) {
  const right = base * recall;
  const wrong = (1 - base) * fpr;
  return right + wrong > 0 ? right / (right + wrong) : null;
}
function ratioLimits(curves, column) {
  const [f, fLow, fHigh] = ["fpr", "fpr_low", "fpr_high"].map((name) => curves[name][column]);
  const [r, rLow, rHigh] = ["recall", "recall_low", "recall_high"].map((name) => curves[name][column]);
  const limit = (sign, end, other) => {
    const under = Math.max(0, (f * r) ** 2 - end * other * (2 * f - end) * (2 * r - other));
    const below = other * (2 * r - other);
    return below > 0 ? Math.max(0, (f * r + sign * Math.sqrt(under)) / below) : Infinity;
  };
  return [limit(-1, fLow, rHigh), limit(1, fHigh, rLow)];
}
function yesAmong(base, threshold, curves) {
  if (threshold === null) return null;
  const column = Math.round(100 * threshold);
  if (curves.recall[column] === null || curves.fpr[column] === null) return null;
  const value = rightAmong(base, curves.recall[column], curves.fpr[column]);
  if (value === null) return null;
  const [low, high] = ratioLimits(curves, column);
  const share = (ratio) => ratio === Infinity ? 0 : base / (base + (1 - base) * ratio);
  return { value, low: Math.min(value, share(high)), high: Math.max(value, share(low)) };
}

// common.js
var RATES = [
  1e-3,
  2e-3,
  5e-3,
  0.01,
  0.02,
  0.03,
  0.05,
  0.07,
  0.1,
  0.15,
  0.2,
  0.25,
  0.3,
  0.4,
  0.5,
  0.6,
  0.7,
  0.75,
  0.8,
  0.85,
  0.9,
  0.93,
  0.95,
  0.97,
  0.98,
  0.99,
  0.995,
  0.998,
  0.999
];
var LAST = RATES.length - 1;
var percent = (rate) => `${Number((100 * rate).toPrecision(2))} %`;
var nearest = (rate) => RATES.reduce((best, each, i) => Math.abs(Math.log(each / rate)) < Math.abs(Math.log(RATES[best] / rate)) ? i : best, 0);
var rowsWithLine = 0;
function commonLine(label, data, set) {
  rowsWithLine += 1;
  const id = `facelens-common-${rowsWithLine}`;
  const slider = element("input", {
    type: "range",
    min: "0",
    max: String(LAST),
    step: "1",
    "aria-describedby": id,
    ariaLabel: `How common ${label} is where you are`
  });
  const handle = element("span", { className: "handle" });
  const value = element("span", { className: "value", ariaHidden: "true" });
  const tick = element("span", { className: "tick" }, handle, value);
  const bar = element("span", { className: "bar" }, element("span", { className: "track" }), slider, tick);
  const rate = element("span", { className: "rate" });
  const meaning2 = element("p", { id });
  let at = 0;
  slider.oninput = () => set(RATES[slider.valueAsNumber]);
  dragged(handle, bar, slider, { from: () => at / LAST, move: (share) => set(RATES[Math.round(share * LAST)]) });
  return {
    box: element("div", { className: "common" }, element("span", {}, "How common is it where you are?"), bar, rate, meaning2),
    paint({ common, base, threshold, curves }) {
      const among = common ?? base;
      tick.hidden = slider.disabled = among === null;
      if (among === null) return;
      at = nearest(among);
      slider.value = at;
      tick.style.left = `${100 * at / LAST}%`;
      value.textContent = slider.ariaValueText = percent(among);
      rate.textContent = common === null ? `${percent(among)}, as in ${data}` : percent(among);
      const told = yesAmong(among, threshold, curves);
      const of = (share) => Math.round(100 * share);
      meaning2.textContent = told === null ? "Nobody gets a yes here." : `Among people of whom ${percent(among)} are labelled so, a yes would be right in ${of(told.value)} of 100 (${of(told.low)} to ${of(told.high)}).`;
    }
  };
}

// row.js
var DOT_WORDS = ["", "told apart poorly", "told apart fairly", "told apart well"];
var rowsBuilt = 0;
var separated = ({ dots, separation }) => `Yes and no are ${DOT_WORDS[dots]} (${separation.toFixed(2)}, where 0 is guessing and 1 always right).`;
function measured({ threshold, curves, base }, data) {
  if (threshold === null) return "";
  const column = rounded(Math.fround(threshold) * 100);
  const of = (rate, name) => {
    const [value, low, high] = ["", "_low", "_high"].map((end) => curves[`${rate}${end}`][column]);
    return value === null ? `${name} unknown` : `${name} ${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  };
  return `On validation faces of ${data}, with 95 % intervals: ${of("precision", "precision")}, ${of("recall", "recall r")}, ${of("fpr", "false-positive rate f")}${base === null ? "" : `, base rate ${base.toFixed(3)}`}. Where the base rate is π, a yes is right with πr / (πr + (1 − π)f).`;
}
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
  const handle = element("span", { className: "handle" });
  const value = element("span", { className: "value", ariaHidden: "true" });
  const tick = element("span", { className: "tick" }, handle, value);
  const bar = element(
    "div",
    { className: "bar" },
    element("span", { className: "track" }, fill, zone),
    slider,
    tick
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
  const numbers2 = element("p", { className: "numbers", hidden: true });
  const how = element("button", { type: "button", className: "how", ariaExpanded: "false" }, "How is this computed?");
  how.onclick = () => {
    numbers2.hidden = !numbers2.hidden;
    how.ariaExpanded = String(!numbers2.hidden);
  };
  const cheapest = element("span", { className: "cheapest" });
  const common = commonLine(description.label, network.data, (rate) => on.common(row, rate));
  const more = element(
    "div",
    { className: "more small" },
    element("span", {}, "This row:"),
    ...points,
    element("span", { className: "asked" }, question, ...marks),
    show,
    cheapest,
    common.box,
    how,
    numbers2
  );
  const unfold = element("button", { type: "button", className: "how unfold" }, "More about this row");
  unfold.onclick = () => {
    on.unfold(row);
    points[0]?.focus({ focusVisible: false });
  };
  const item = element("li", { className: "row" }, label, bar, probability, chip, meaningLine, unfold, more);
  const row = {
    ...description,
    index,
    item,
    label,
    zone,
    fill,
    slider,
    tick,
    value,
    probability,
    chip,
    meaningLine,
    points,
    question,
    marks,
    numbers: numbers2,
    cheapest,
    commonLine: common,
    common: null,
    curves: network.curves[description.name],
    threshold: null,
    verdict: "doubtful"
  };
  slider.oninput = () => on.move(row, slider.valueAsNumber);
  dragged(handle, bar, slider, { from: () => row.threshold, move: (threshold) => on.move(row, threshold) });
  label.onclick = () => on.choose(row);
  bar.onclick = () => on.choose(row);
  return row;
}
function paintRow(row, network, face, so) {
  const p = face.probabilities[row.index];
  const { threshold } = row;
  row.p = p;
  const weak = face.weak?.[row.name];
  row.verdict = verdict(p, threshold, row.curves, face.hints.length > 0 || weak !== void 0);
  row.item.dataset.verdict = row.verdict;
  row.fill.style.width = `${100 * p}%`;
  row.probability.replaceChildren(
    element("span", { className: "unseen" }, "probability "),
    probabilityText(p)
  );
  paintVerdict(row, so);
  row.points.forEach((button, i) => {
    button.ariaPressed = String(network.points[i].thresholds[row.index] === threshold);
  });
  const words = meaning(threshold, row.curves, row.data);
  row.meaningLine.replaceChildren(
    element("b", {}, threshold === null ? "Out of reach. " : `Yes from ${threshold.toFixed(2)}. `),
    [words, weak, row.note].filter(Boolean).join(" ")
  );
  row.numbers.textContent = [measured(row, network.data), row.separation === null ? "" : separated(row)].filter(Boolean).join(" ");
  row.commonLine.paint(row);
  row.slider.value = threshold ?? 1;
  row.tick.style.left = `${100 * (threshold ?? 1)}%`;
  row.value.textContent = (threshold ?? 1).toFixed(2);
  row.slider.classList.toggle("void", threshold === null);
  row.slider.ariaValueText = threshold === null ? "out of reach" : `${threshold.toFixed(2)}, so the verdict is ${row.verdict}`;
  const nearest2 = threshold === null ? null : rounded(100 * threshold);
  const low = nearest2 === null ? null : row.curves.doubt_low[nearest2];
  const high = nearest2 === null ? null : row.curves.doubt_high[nearest2];
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

// whatif.js
var COMMON = [
  ["data", (data) => `as common as in ${data}`, () => null],
  ["half", () => "half as common", (base) => base / 2],
  ["tenth", () => "a tenth as common", (base) => base / 10],
  ["even", () => "half of all people", () => 0.5]
];
var COSTS = [
  [0.1, "a tenth of a false no"],
  [0.2, "a fifth of a false no"],
  [0.5, "half a false no"],
  [1, "one false no"],
  [2, "2 false noes"],
  [5, "5 false noes"],
  [10, "10 false noes"],
  [20, "20 false noes"],
  [100, "100 false noes"]
];
function howComputed() {
  const list = element("ul");
  return {
    box: element("details", {}, element("summary", {}, "How is this computed?"), list),
    tell(network) {
      list.replaceChildren(...network.points.map((point) => element(
        "li",
        {},
        element("b", {}, `${point.title}: `),
        [point.about, point.how].filter(Boolean).join(" ")
      )));
    }
  };
}
function whatIf({ common, cost }) {
  const often = element("select");
  const costs = element(
    "select",
    {},
    element("option", { value: "" }, "not asked"),
    ...COSTS.map(([value, text]) => element("option", { value }, text))
  );
  const words = element("p", { className: "small", role: "status" });
  let set = null;
  const rateOf = () => COMMON.find(([name]) => name === often.value)[2];
  often.onchange = () => common(rateOf());
  costs.onchange = () => {
    if (costs.value) cost(Number(costs.value));
  };
  const choose = (select, value) => {
    if (!value || ![...select.options].some((option) => option.value === value)) return;
    select.value = value;
    select.onchange();
  };
  return {
    box: element(
      "details",
      {},
      element("summary", {}, "Where you are, and what a mistake costs"),
      element(
        "div",
        { className: "ifs" },
        element("label", {}, "How common is it where you are? ", often),
        element("label", {}, "What does a false yes cost? As much as ", costs)
      ),
      words
    ),
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
      words.textContent = "Every row has the threshold that costs least on validation faces." + (known ? " An opened row says how sure that is." : "");
      this.spans = known ? low.map((each, i) => [each, high[i]]) : null;
    },
    /** Say no more than still holds of `rows`, and in each row how sure its threshold is. */
    tell(rows) {
      const holds = set !== null && rows.every((row, i) => row.threshold === set[i]);
      if (set !== null && !holds) this.reset(false);
      rows.forEach((row, i) => {
        const span = holds && this.spans?.[i];
        row.cheapest.textContent = span ? `Costs least from ${row.threshold.toFixed(2)} on (${span[0].toFixed(2)} to ${span[1].toFixed(2)}).` : "";
      });
    },
    reset(both = true) {
      set = null;
      words.textContent = costs.value = "";
      if (both) often.value = COMMON[0][0];
    },
    spans: null
  };
}

// whiskers.js
var CALM = 400;
function whiskersOf(ask) {
  let timer;
  function drop(rows) {
    clearTimeout(timer);
    for (const row of rows) {
      row.whisker?.remove();
      row.range?.remove();
    }
  }
  function drawOne(row, low, high) {
    const words = `${probabilityText(low)} to ${probabilityText(high)}`;
    row.whisker = element("span", {
      className: "whisker",
      role: "img",
      ariaLabel: `${words} when the picture changes a little`
    });
    row.whisker.style.left = `${100 * low}%`;
    row.whisker.style.width = `${100 * (high - low)}%`;
    row.item.querySelector(".bar").append(row.whisker);
    row.range = element(
      "p",
      { className: "range" },
      `Over 16 small changes of the picture: ${words}.`
    );
    row.item.querySelector(".more").prepend(row.range);
  }
  return {
    drop,
    /** Another face stands on the rows. */
    turn(rows, key) {
      drop(rows);
      timer = setTimeout(() => ask(key), CALM);
    },
    draw(rows, { low, high }) {
      drop(rows);
      for (const row of rows) drawOne(row, low[row.index], high[row.index]);
    }
  };
}

// board.js
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
  const guess = guessFirst({ el, mark: said });
  const tools = element("div", { className: "tools" }, sort, search, explain, guess.button, reset);
  const how = howComputed();
  const ifs = whatIf({
    common(rateOf) {
      for (const row of rows) row.common = row.base === null ? null : rateOf(row.base);
      rows.forEach(paint);
    },
    cost: (ratio) => model.send({ kind: "cost", ratio })
  });
  const home = takeHome({ report, address });
  const lists = element("div", { className: "lists" });
  const more = element("button", { type: "button", className: "all" });
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
    guess.panel,
    element("div", { className: "card said" }, answer, doubts),
    element(
      "div",
      { className: "answers" },
      element(
        "div",
        { className: "controls" },
        element("span", { className: "small" }, "Thresholds for all rows:"),
        presets
      ),
      about,
      element("div", { className: "folded small" }, how.box, ifs.box),
      tools,
      guess.note,
      skip,
      lists,
      nothing,
      more,
      legend(),
      fold,
      home.line
    )
  );
  const { box: empty, invite } = invitation(el);
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
  let all = false;
  let wanted = settingsIn(new URLSearchParams(document.body.dataset.voila ? location.search : ""));
  const current = () => network.points.find((point) => rows.every(
    (row) => point.thresholds[row.index] === row.threshold
  ));
  const whiskers = whiskersOf((key) => model.send({ kind: "whiskers", key }));
  const pointNamed = (name) => network.points.find((point) => point.name === name);
  const rowOf = (description, index) => buildRow(description, index, network, {
    move(row, threshold) {
      row.threshold = threshold;
      activate(row);
      paint(row);
      paintSummary();
    },
    mark,
    unfold: (row) => activate(row),
    common(row, rate) {
      row.common = rate;
      paint(row);
    },
    choose(row) {
      activate(row);
      markChosen({ name: row.name });
      tellChosen(el, row.name);
      model.send({ kind: "choose", name: row.name });
    },
    // On a phone the map is far below the rows; beside them it is in sight already.
    show: () => el.closest(".facelens-page")?.querySelector(".looks")?.scrollIntoView({ block: "start", behavior: "smooth" })
  });
  function activate(row, brief = false) {
    row.item.classList.toggle("brief", brief);
    if (active === row) return;
    const before = row.item.getBoundingClientRect().top;
    active?.item.classList.remove("active");
    active = row;
    row.item.classList.add("active");
    if (brief) return;
    const moved = row.item.getBoundingClientRect().top - before;
    if (moved) window.scrollBy({ top: moved, behavior: "instant" });
  }
  function mark(row, yes) {
    if (!face) return;
    const said2 = marksOf(face.key);
    const so = row.verdict === "no" ? !yes : yes;
    if (said2.get(row.name) === so) said2.delete(row.name);
    else said2.set(row.name, so);
    paint(row);
  }
  function said(name, so) {
    marksOf(face.key).set(name, so);
    paint(rows.find((row) => row.name === name));
  }
  const paint = (row) => {
    if (face) paintRow(row, network, face, marksOf(face.key).get(row.name));
  };
  function paintSummary() {
    if (!face) return;
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
    ifs.tell(rows);
  }
  function paintAll() {
    rows.forEach(paint);
    paintSummary();
    arrange();
  }
  function arrange() {
    if (!face) return;
    const { words, plain, rest, judged, foldable } = ordered(
      rows,
      face,
      { sort: sort.value, search: search.value, all }
    );
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
    }), element("ol", { hidden: true }, ...rest.map((row) => row.item)));
    more.hidden = !foldable;
    more.ariaExpanded = String(all);
    more.textContent = all ? `Show the ${FIRST} most telling` : `Show all ${plain.length + rest.length} rows`;
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
    if (!face) return;
    model.send({
      kind: "report",
      form,
      thresholds: Object.fromEntries(rows.map((row) => [row.name, row.threshold])),
      marks: Object.fromEntries(marksOf(face.key)),
      judgements: fold.open
    });
  }
  function nearest2() {
    const others = (point2) => rows.filter((row) => row.threshold !== point2.thresholds[row.index]);
    const point = network.points.toSorted((a, b) => others(a).length - others(b).length)[0];
    return { point, own: others(point).filter((row) => row.threshold !== null) };
  }
  function address() {
    const { point, own } = nearest2();
    const { cost, common, rateOf } = ifs.chosen;
    const single = own.map((row) => `${row.name}:${row.threshold.toFixed(2)}`);
    const rates = rows.filter((row) => row.common !== null && row.common !== rateOf(row.base)).map((row) => `${row.name}:${row.common}`);
    const thresholds = cost ? "" : [point.name, ...single].join(",");
    const query = { thresholds, sort: sort.value, network: network.address, cost, common, rates: rates.join(",") };
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
  more.onclick = () => {
    all = !all;
    arrange();
  };
  search.oninput = arrange;
  explain.onclick = () => {
    const all2 = explain.ariaPressed !== "true";
    explain.ariaPressed = String(all2);
    el.classList.toggle("explained", all2);
  };
  reset.onclick = () => {
    setPoint(network.points[0].name);
    sort.value = SORTS[0][0];
    all = false;
    ifs.reset();
    for (const row of rows) row.common = null;
    search.value = "";
    explain.ariaPressed = "false";
    el.classList.remove("explained");
    paintAll();
  };
  function forget() {
    face = null;
    whiskers.drop(rows);
    answer.textContent = doubts.textContent = "";
    lists.replaceChildren();
    foldList.replaceChildren();
    fold.open = false;
    active = null;
    if (network) {
      const kept = rows.map(({ threshold, common }) => ({ threshold, common }));
      rows = network.rows.map(rowOf);
      rows.forEach((row, i) => {
        Object.assign(row, kept[i]);
      });
    }
    marked.clear();
    guess.forget();
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
      whiskers.drop(rows);
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
    network(message, [curves]) {
      let before = wanted;
      if (network) {
        const { point, own } = nearest2();
        before = { point: point.name, single: new Map(own.map((row) => [row.name, row.threshold])) };
      }
      network = message;
      network.curves = curvesOf(curves, message.rows.map((row) => row.name), message.columns);
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
      presets.replaceChildren(...network.points.map((point) => {
        const button = element("button", { type: "button", title: point.about }, point.title);
        button.onclick = () => {
          setPoint(point.name);
          paintAll();
        };
        return button;
      }));
      foldNote.textContent = network.judgements.note;
      how.tell(network);
      ifs.offer(network);
      ifs.set(wanted);
      for (const row of rows) row.common = wanted.rates?.get(row.name) ?? row.common;
      wanted = {};
    },
    face(message) {
      if (!network) return;
      face = message;
      answer.ariaLive = "polite";
      el.classList.remove("stale");
      empty.hidden = true;
      filled.hidden = false;
      paintAll();
      whiskers.turn(rows, face.key);
      guess.meet(network.guesses.map((name) => rows.find((row) => row.name === name)));
    },
    whiskers(message) {
      if (face?.key === message.key) whiskers.draw(rows, message);
    },
    costs(message) {
      rows.forEach((row, i) => {
        row.threshold = message.thresholds[i];
      });
      ifs.hear(message);
      paintAll();
    },
    chosen(message) {
      markChosen(message);
      const row = rows.find((each) => each.name === message.name);
      if (row && (!active || active.item.classList.contains("brief"))) activate(row, true);
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
