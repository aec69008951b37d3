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
var two = (value) => (value < 0 ? "−" : "") + Math.abs(value).toFixed(2);
function probabilityText(probability) {
  const text = probability.toFixed(2);
  return { "1.00": ">0.99", "0.00": "<0.01" }[text] ?? text;
}
function numbers({ buffer, byteOffset, byteLength }, Type) {
  return new Type(buffer.slice(byteOffset, byteOffset + byteLength));
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
function tellChosen(el, name) {
  el.dispatchEvent(new CustomEvent("facelens-chosen", { bubbles: true, detail: name }));
}
function hearChosen(el, signal, hear) {
  hearOnPage("facelens-chosen", el, signal, hear);
}
function tellClass(el, task, name) {
  el.dispatchEvent(new CustomEvent("facelens-class", { bubbles: true, detail: { task, name } }));
}
function hearClass(el, signal, hear) {
  hearOnPage("facelens-class", el, signal, hear);
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

// heat.js
var WHOLE = [0, 0, 1, 1];
function sampler({ values, height, width, area = WHOLE }, tall, wide, square) {
  const along = (pixel, pixels, fields, [from, size]) => {
    const share = ((pixel + 0.5) / pixels - from) / size;
    if (share < 0 || share > 1) return null;
    const at = Math.min(fields - 1, Math.max(0, share * fields - 0.5));
    const low = square ? Math.round(at) : Math.floor(at);
    return [low, Math.min(fields - 1, low + 1), square ? 0 : at - low];
  };
  const rows = Array.from({ length: tall }, (_, y) => along(y, tall, height, [area[1], area[3]]));
  const columns = Array.from({ length: wide }, (_, x) => along(x, wide, width, [area[0], area[2]]));
  return (y, x) => {
    if (!rows[y] || !columns[x]) return 0;
    const [top, bottom, down] = rows[y];
    const [left, right, across] = columns[x];
    const row = (at) => values[at * width + left] * (1 - across) + values[at * width + right] * across;
    return row(top) * (1 - down) + row(bottom) * down;
  };
}
function paintMap(canvas, crop, lut, map, { sign, opacity, square }) {
  const { width: wide, height: tall } = canvas;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(crop, 0, 0, wide, tall);
  const picture = context.getImageData(0, 0, wide, tall);
  const data = picture.data;
  const at = sampler(map, tall, wide, square);
  const top = Math.max(...map.values.map((value) => sign * value));
  for (let y = 0, i = 0; y < tall; y += 1) {
    for (let x = 0; x < wide; x += 1, i += 4) {
      const grey = (data[i] + data[i + 1] + data[i + 2]) / 3;
      const share = top > 0 ? Math.min(1, Math.max(0, sign * at(y, x) / top)) : 0;
      const weight = opacity * share;
      const colour = 3 * Math.round(255 * share);
      for (let c = 0; c < 3; c += 1) data[i + c] = (1 - weight) * grey + weight * lut[colour + c];
    }
  }
  context.putImageData(picture, 0, 0);
  if (map.area && map.area !== WHOLE) frame(context, map.area);
}
function frame(context, [x, y, w, h]) {
  const { width, height } = context.canvas;
  for (const [colour, line] of [["#0b1416", 3], ["#ffffff", 1]]) {
    context.strokeStyle = colour;
    context.lineWidth = line * width / 356;
    context.strokeRect(x * width, y * height, w * width, h * height);
  }
}
function paintFace(canvas, crop) {
  const map = { values: new Float32Array(1), height: 1, width: 1 };
  paintMap(canvas, crop, new Uint8Array(3), map, { sign: 1, opacity: 0, square: true });
}
var strongestOf = (map, sign) => Math.max(...map.values.map((value) => sign * value));
function coveringWords(about, map, sign) {
  const strongest = strongestOf(map, sign);
  const places = `A square of the face was covered, at ${map.passes - 1} places in turn.`;
  if (strongest <= 0) {
    return `${places} Nowhere did the score (the logit) for “${about.label}” ${sign > 0 ? "fall" : "rise"}.`;
  }
  return `${places} Where it is bright the score (the logit) for “${about.label}” ${sign > 0 ? "fell" : "rose"}, by up to ${strongest.toFixed(1)}.`;
}
function exactWords(about, map, sign) {
  if (strongestOf(map, sign) > 0) {
    return `Where it is bright the face speaks ${sign > 0 ? "for" : "against"} “${about.label}”.`;
  }
  return `The exact map is grey: no part of this face speaks ${sign > 0 ? "for" : "against"} “${about.label}”.`;
}
var WHY = {
  occlusion: "“Exact” means that it adds up: the mean of its fields and one constant are the score. But each field has seen much of the face around it, so it may light up beside what counts. Covering shows what the score depends on.",
  map: "The exact map adds up to the score: the mean of its fields and one constant. Covering checks it from outside."
};
function figures(about, exact, covering, sign, { activation, attributes }) {
  const { logit, probability, temperature, constant } = about;
  const through = activation === "softmax" ? `through a softmax with the scores of all ${attributes.length}` : "through a sigmoid";
  const lines = [`Score (logit) ${two(logit)}; divided by ${two(temperature)} (its calibration) and ${through}: probability ${probabilityText(probability)}.`];
  const cost = ({ passes, milliseconds }) => `${passes === 1 ? "one look" : `${passes} looks`}, ${Math.max(1, Math.round(milliseconds))} ms`;
  const fields = `${exact.width} × ${exact.height} fields`;
  const total = exact.values.reduce((sum2, value) => sum2 + value, 0) / exact.values.length + constant;
  const mean = Number(total.toFixed(2)) - Number(constant.toFixed(2));
  const sum = `${two(mean)} ${constant < 0 ? "−" : "+"} ${Math.abs(constant).toFixed(2)} = ${two(total)}`;
  const strongest = strongestOf(exact, sign);
  const brightest = strongest > 0 ? ` The brightest field ${sign > 0 ? "gives" : "takes"} ${strongest.toFixed(1)}, one of ${exact.values.length} that are averaged.` : "";
  lines.push(exact.way === "map" ? `Exact map: class activation map of the last layer, ${fields} (${cost(exact)}).${brightest} The mean of all fields and one constant are the score: ${sum}.` : `Exact map, as if its fields lay closer: ${fields}, put together from faces moved a little (${cost(exact)}).${brightest} Mean and constant: ${sum}; the answer itself comes from one look.`);
  if (covering) {
    lines.push(`By covering: occlusion sensitivity, ${covering.width} × ${covering.height} places (${cost(covering)}).`);
  }
  return lines;
}

// points.js
function drawn(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
function pointMarks(width, height, ticked) {
  const dots = drawn("svg", { viewBox: `-0.5 -0.5 ${width} ${height}`, role: "img", "aria-label": "Where they lie on the face" });
  const box = element("input", { type: "checkbox", onchange: ticked });
  const label = element("label", { className: "small" }, box, "Fifteen points");
  const note = element("p", { className: "small points", ariaLive: "polite", hidden: true });
  return {
    dots,
    box,
    label,
    note,
    /** Paint `points` where they are wanted; null while they are on the way. */
    paint(points) {
      const shown = box.checked && points;
      dots.replaceChildren();
      dots.style.display = shown ? "" : "none";
      note.hidden = !box.checked;
      note.textContent = "Looking for the points…";
      if (!shown) return;
      const off = points.off === null ? "" : `, on average ${(100 * points.off).toFixed(1)} % of the eyes' distance off when tested on people it had not seen`;
      const all = `Points by another network, ${points.title}${off}. Touch one for its name.`;
      const say = (text) => {
        note.textContent = text;
      };
      say(all);
      points.where.forEach(([x, y], i) => {
        const name = points.names[i];
        const dot = drawn(
          "g",
          {},
          drawn("circle", { cx: x, cy: y, r: 7, fill: "transparent" }),
          drawn("circle", { cx: x, cy: y, r: 2.2, class: "dot" }),
          drawn("title", {}, name)
        );
        dot.onpointerenter = () => say(`${name[0].toUpperCase()}${name.slice(1)}; left is the person's own left.`);
        dot.onpointerleave = (event) => {
          if (event.pointerType === "mouse") say(all);
        };
        dots.append(dot);
      });
    }
  };
}

// heatmap.js
var WIDTH = 178;
var HEIGHT = 218;
var MOST_BESIDE = 6;
function standing(el) {
  let watched = null;
  const sized = new ResizeObserver(() => {
    const column = el.closest(".facelens-column .facelens-column");
    if (!column) return;
    if (column !== watched) sized.observe(column);
    watched = column;
    const { top, height } = column.getBoundingClientRect();
    const above = el.getBoundingClientRect().top - top;
    column.style.setProperty("--tall", `${height}px`);
    column.style.setProperty("--above", `${above}px`);
  });
  sized.observe(el);
  return sized;
}
function render({ model, el, signal }) {
  const crops = pictures();
  const crop = element("img", { alt: "The aligned face", width: WIDTH, height: HEIGHT });
  const cropCaption = element("figcaption", { className: "small" });
  const marks = pointMarks(WIDTH, HEIGHT, showPoints);
  const plate = (kind) => {
    const canvas = element("canvas", { width: 2 * WIDTH, height: 2 * HEIGHT, role: "img" });
    const title = element("figcaption", { className: "small" });
    return { kind, canvas, title, figure: element("figure", { className: kind }, canvas, title) };
  };
  const covering = plate("covering");
  const exact = plate("exact");
  const bar = element("i", { ariaHidden: "true" });
  const scaleEnd = element("span");
  const scale = element("p", { className: "scale small" }, element("span", {}, "nothing"), bar, scaleEnd);
  const select = element("select", { ariaLabel: "Attribute to look at" });
  const head = element("div", { className: "head" }, element("h2", {}, "Where it looks for"), select);
  const pair = element(
    "div",
    { className: "pair" },
    covering.figure,
    exact.figure,
    scale,
    element(
      "figure",
      { className: "own" },
      element("div", { className: "marked" }, crop, marks.dots),
      element("div", {}, cropCaption, marks.label)
    )
  );
  const pro = element("button", { type: "button", ariaPressed: "true" }, "Speaks for it");
  const contra = element("button", { type: "button", ariaPressed: "false" }, "Speaks against it");
  const way = element("select", { ariaLabel: "Kind of map" });
  const opacity = element("input", { type: "range", min: "0", max: "1", step: "0.05", value: "0.75", ariaLabel: "Strength of the colours" });
  const square = element("input", { type: "checkbox" });
  const keep = element("button", { type: "button" }, "Keep this map beside");
  const tools = element(
    "div",
    { className: "tools" },
    element("div", { className: "sides", role: "group", ariaLabel: "Side" }, pro, contra),
    way,
    element("label", { className: "small" }, "Colours", opacity),
    element("label", { className: "small" }, square, "Fields as squares"),
    keep
  );
  const caption = element("p", { className: "small caption", ariaLive: "polite" });
  const why = element("p", { className: "small why" });
  const numbersOf = element("div");
  const fold = element("details", { className: "small" }, element("summary", {}, "The numbers"), numbersOf);
  const beside = element("ul", { className: "beside", ariaLabel: "Side by side" });
  const body = element("section", { className: "card", hidden: true }, head, pair, marks.note, caption, why, tools, beside, fold);
  el.classList.add("facelens", "heatmap");
  el.append(body);
  const back = element("button", { type: "button", className: "back" }, "Back to the rows");
  back.onclick = () => {
    const row = el.closest(".facelens-page")?.querySelector(
      source?.task ? '.facelens-panel [aria-pressed="true"]' : ".board .row.active .label"
    );
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "center", behavior: "smooth" });
  };
  body.append(back);
  const measured = standing(el);
  signal.addEventListener("abort", () => measured.disconnect());
  let face = null;
  let points = null;
  let asked = false;
  let lut = null;
  const sources = /* @__PURE__ */ new Map();
  let source = null;
  let chosen = null;
  let sign = 1;
  let kept = [];
  const attribute = (name, task = "") => sources.get(task)?.attributes.find((each) => each.name === name);
  const isKept = (name, task) => kept.some((each) => each.name === name && each.task === task);
  const begin = (task, message) => sources.set(task, {
    ...message,
    task,
    maps: {},
    pending: false,
    failed: false,
    done: { done: 0, count: 1 }
  });
  const settings = () => ({ sign, opacity: opacity.valueAsNumber, square: square.checked });
  const isWhole = ({ area = WHOLE }) => area.every((side2, i) => side2 === WHOLE[i]);
  const mapOf = (name, kind, from = source) => {
    const { maps, attributes } = from;
    const all = kind === "covering" ? maps.occlusion : maps[way.value] ?? maps.map;
    if (!all) return null;
    const size = all.height * all.width;
    const index = attributes.findIndex((each) => each.name === name);
    const area = all.way === "occlusion" || isWhole(from) ? WHOLE : from.area;
    return { ...all, area, values: all.values.subarray(index * size, (index + 1) * size) };
  };
  const leads = ({ first, failed } = source) => first === "occlusion" && !failed ? covering : exact;
  function paintPlate({ kind, canvas, title }, about) {
    const map = mapOf(about.name, kind);
    const name = kind === "covering" ? "By covering" : face.ways.find(([value]) => value === way.value)[1];
    const waiting = kind === "covering" ? !map : !source.maps[way.value];
    const { done } = source;
    const progress = kind === "covering" && waiting ? ` … ${Math.floor(100 * done.done / done.count)} %` : waiting ? " …" : "";
    const framed = kind === "exact" && !isWhole(source) ? ", in its frame" : "";
    title.textContent = name[0].toUpperCase() + name.slice(1) + progress + framed;
    canvas.parentElement.ariaBusy = String(waiting);
    if (map) paintMap(canvas, crop, lut, map, settings());
    else paintFace(canvas, crop);
    canvas.ariaLabel = map ? `${name}: what speaks ${sign > 0 ? "for" : "against"} “${about.label}” in this face` : `${name}: not there yet`;
  }
  function paint() {
    if (!face || !chosen || !crop.complete || !crop.naturalWidth) return;
    const about = attribute(chosen, source.task);
    const map = about && mapOf(chosen, "exact");
    if (!map) return;
    const covered = mapOf(chosen, "covering");
    pair.classList.toggle("exactly", leads() === exact);
    cropCaption.textContent = (isWhole(source) ? "What it sees" : "Of this it sees what is in the frame") + (face.alone ? "" : `: face ${face.number}`);
    covering.figure.hidden = source.failed;
    paintPlate(covering, about);
    paintPlate(exact, about);
    scaleEnd.textContent = sign > 0 ? "speaks for it" : "speaks against it";
    scale.hidden = [map, covered].every((each) => !each || strongestOf(each, sign) <= 0);
    caption.textContent = leads() === exact ? exactWords(about, map, sign) : covered ? coveringWords(about, covered, sign) : "Square after square of the face is being covered, to see where the score falls.";
    why.textContent = source.failed ? "" : WHY[source.first];
    numbersOf.replaceChildren(...figures(about, map, covered, sign, source).map((line) => element("p", {}, line)));
    keep.ariaDisabled = String(isKept(chosen, source.task) || keptHere().length >= MOST_BESIDE);
    paintBeside();
  }
  function cover(from = source) {
    if (!from || from !== sources.get(from.task) || from.pending || from.failed || from.maps.occlusion) return;
    from.pending = true;
    model.send({ kind: "ask", way: "occlusion", task: from.task });
  }
  const coverSoon = () => requestAnimationFrame(() => setTimeout(cover));
  const keptHere = () => kept.filter(({ name, task }) => attribute(name, task) && sources.get(task).maps.map);
  function paintBeside() {
    const here = keptHere();
    beside.replaceChildren(...here.map(({ name, task }) => {
      const from = sources.get(task);
      const about = attribute(name, task);
      const tile = element("canvas", { width: WIDTH, height: HEIGHT, ariaHidden: "true" });
      const map = mapOf(name, leads(from).kind, from) ?? mapOf(name, "exact", from);
      paintMap(tile, crop, lut, map, settings());
      const show = element("button", { type: "button", className: "tile", ariaLabel: `Look at ${about.label}` }, tile);
      show.onclick = () => turn(name, task);
      const away = element("button", { type: "button", className: "away", ariaLabel: `Take ${about.label} away` }, "×");
      away.onclick = () => {
        kept = kept.filter((each) => each.name !== name || each.task !== task);
        paint();
        keep.focus();
      };
      return element(
        "li",
        {},
        show,
        away,
        element("span", { className: "small" }, `${about.label} ${probabilityText(about.probability)}`)
      );
    }));
    beside.hidden = here.length === 0;
  }
  function showPoints() {
    pair.classList.toggle("pointed", marks.box.checked);
    marks.paint(points);
    if (!marks.box.checked || points || asked) return;
    asked = true;
    model.send({ kind: "points" });
  }
  const option = ({ name, label }, task) => element("option", { value: name, dataset: { task } }, label);
  const byLabel = (a, b) => a.label.localeCompare(b.label);
  function choose(name, task = "") {
    const about = attribute(name, task);
    if (!about) return;
    chosen = name;
    source = sources.get(task);
    const known = [...select.options].find((each) => each.value === name && each.dataset.task === task);
    if (!known) select.append(option(about, task));
    (known ?? select.options[select.options.length - 1]).selected = true;
    paint();
    askWay();
    if (task && source.maps.map) coverSoon();
  }
  function askWay() {
    if (source && way.value && !source.maps[way.value] && source.maps.map) {
      model.send({ kind: "ask", way: way.value, task: source.task });
    }
  }
  function turn(name, task) {
    choose(name, task);
    if (task) {
      tellClass(el, task, name);
      return;
    }
    tellChosen(el, name);
    model.send({ kind: "choose", name });
  }
  const side = (value) => {
    sign = value;
    pro.ariaPressed = String(sign > 0);
    contra.ariaPressed = String(sign < 0);
    paint();
  };
  pro.onclick = () => side(1);
  contra.onclick = () => side(-1);
  select.onchange = () => turn(select.value, select.selectedOptions[0].dataset.task);
  opacity.oninput = paint;
  square.onchange = paint;
  keep.onclick = () => {
    if (keep.ariaDisabled === "true") return;
    kept.push({ name: chosen, task: source.task });
    paint();
  };
  way.onchange = () => {
    paint();
    askWay();
  };
  crop.onload = paint;
  const take = (kind) => (message, [buffer]) => {
    const from = sources.get(message.task ?? "");
    if (!from) return;
    if (kind === "occlusion") from.pending = false;
    from.maps[kind] = { ...message, way: kind, values: numbers(buffer, Float32Array) };
    paint();
    if (kind !== "map") return;
    if (from === source) askWay();
    if (!message.task) coverSoon();
  };
  hearChosen(el, signal, (name) => choose(name));
  hearClass(el, signal, ({ name, task }) => choose(name, task));
  const silence = listen(model, el, {
    face(message, [jpeg, colours]) {
      face = message;
      sources.clear();
      begin("", message);
      source = sources.get("");
      lut = numbers(colours, Uint8Array);
      crops.free();
      crop.src = crops.url(jpeg, "image/jpeg");
      points = null;
      asked = false;
      marks.label.hidden = !message.marks;
      marks.box.checked &&= message.marks;
      showPoints();
      select.replaceChildren(...message.attributes.filter((each) => !each.judgement).toSorted(byLabel).map((each) => option(each, "")));
      const before = way.value;
      way.replaceChildren(...message.ways.map(([value, text]) => element("option", { value }, text[0].toUpperCase() + text.slice(1))));
      body.hidden = false;
      if (before) way.value = before;
    },
    other(message) {
      begin(message.task, message);
      select.append(element(
        "optgroup",
        { label: message.title },
        ...message.attributes.map((each) => option(each, message.task))
      ));
    },
    map: take("map"),
    finer: take("finer"),
    finest: take("finest"),
    occlusion: take("occlusion"),
    covering(message) {
      const from = sources.get(message.task ?? "");
      if (!from) return;
      Object.assign(from, { pending: false, done: message });
      if (from === source && chosen) paintPlate(covering, attribute(chosen, from.task));
      cover(from);
    },
    points(message) {
      points = message;
      asked = false;
      marks.paint(points);
    },
    chosen({ name }) {
      choose(name);
    },
    error({ wish, task = "" }) {
      const from = sources.get(task);
      if (wish === "occlusion") {
        if (from) Object.assign(from, { pending: false, failed: true });
        paint();
        return;
      }
      if (wish === "points") {
        asked = false;
        marks.box.checked = false;
        marks.paint(points);
        return;
      }
      way.value = "map";
      paint();
    },
    clear() {
      crops.free();
      kept = kept.filter(({ name, task }) => !attribute(name, task)?.judgement);
      face = null;
      points = null;
      asked = false;
      marks.paint(points);
      chosen = source = null;
      sources.clear();
      caption.textContent = why.textContent = "";
      numbersOf.replaceChildren();
      crop.removeAttribute("src");
      for (const each of [covering.canvas, exact.canvas, ...beside.querySelectorAll("canvas")]) each.width += 0;
      beside.replaceChildren();
      body.hidden = true;
    }
  });
  return () => {
    silence();
    crops.free();
  };
}
var heatmap_default = { render };
export {
  heatmap_default as default
};
