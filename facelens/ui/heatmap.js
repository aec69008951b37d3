import { coveringWords, exactWords, figures, paintFace, paintMap, strongestOf, WHOLE, WHY } from "./heat.js";
import { pointMarks } from "./points.js";
import { element, hearChosen, hearClass, listen, numbers, pictures, probabilityText, tellChosen, tellClass } from "./shared.js";

const WIDTH = 178;
const HEIGHT = 218;
const MOST_BESIDE = 6;

/** Tell the page's style how tall the column with photo and map is, and what of it is above the map. */
function standing(el) {
  let watched = null;
  const sized = new ResizeObserver(() => {
    const column = el.closest(".facelens-column .facelens-column");
    if (!column) return;
    if (column !== watched) sized.observe(column);
    watched = column;
    const { top, height } = column.getBoundingClientRect();
    const above = el.getBoundingClientRect().top - top; // before what is set moves both
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
  // Both maps of an attribute: how the score falls when a place is covered, and what adds up to it.
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
  const pair = element("div", { className: "pair" }, covering.figure, exact.figure, scale,
    element("figure", { className: "own" }, element("div", { className: "marked" }, crop, marks.dots),
      element("div", {}, cropCaption, marks.label)));
  const pro = element("button", { type: "button", ariaPressed: "true" }, "Speaks for it");
  const contra = element("button", { type: "button", ariaPressed: "false" }, "Speaks against it");
  const way = element("select", { ariaLabel: "Kind of map" });
  const opacity = element("input", { type: "range", min: "0", max: "1", step: "0.05", value: "0.75", ariaLabel: "Strength of the colours" });
  const square = element("input", { type: "checkbox" });
  const keep = element("button", { type: "button" }, "Keep this map beside");
  const tools = element("div", { className: "tools" },
    element("div", { className: "sides", role: "group", ariaLabel: "Side" }, pro, contra),
    way,
    element("label", { className: "small" }, "Colours", opacity),
    element("label", { className: "small" }, square, "Fields as squares"),
    keep);
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
      source?.task ? '.facelens-panel [aria-pressed="true"]' : ".board .row.active .label");
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "center", behavior: "smooth" });
  };
  body.append(back);

  const measured = standing(el);
  signal.addEventListener("abort", () => measured.disconnect());

  let face = null;
  let points = null;
  let asked = false; // for the points of this face
  let lut = null;
  // What each network says of this face: the page's own under "", another task's under its name.
  const sources = new Map();
  let source = null; // of the answer that is looked at
  let chosen = null; // its name
  let sign = 1;
  let kept = []; // { task, name }

  const attribute = (name, task = "") => sources.get(task)?.attributes.find((each) => each.name === name);
  const isKept = (name, task) => kept.some((each) => each.name === name && each.task === task);
  /** What is known of the answers of a network; `pending`: a wish for covering is on its way. */
  const begin = (task, message) => sources.set(task, {
    ...message, task, maps: {}, pending: false, failed: false, done: { done: 0, count: 1 },
  });
  const settings = () => ({ sign, opacity: opacity.valueAsNumber, square: square.checked });
  const isWhole = ({ area = WHOLE }) => area.every((side, i) => side === WHOLE[i]);
  const mapOf = (name, kind, from = source) => {
    const { maps, attributes } = from;
    const all = kind === "covering" ? maps.occlusion : maps[way.value] ?? maps.map;
    if (!all) return null;
    const size = all.height * all.width;
    const index = attributes.findIndex((each) => each.name === name);
    // A face is covered all over, whatever the network sees of it.
    const area = all.way === "occlusion" || isWhole(from) ? WHOLE : from.area;
    return { ...all, area, values: all.values.subarray(index * size, (index + 1) * size) };
  };
  // A face that could not be covered has the exact map alone.
  const leads = ({ first, failed } = source) => (first === "occlusion" && !failed ? covering : exact);

  /** Paint one of the two maps, or the grey face where it is on the way. */
  function paintPlate({ kind, canvas, title }, about) {
    const map = mapOf(about.name, kind);
    const name = kind === "covering" ? "By covering" : face.ways.find(([value]) => value === way.value)[1];
    const waiting = kind === "covering" ? !map : !source.maps[way.value];
    const { done } = source;
    const progress = kind === "covering" && waiting ? ` … ${Math.floor((100 * done.done) / done.count)} %` : waiting ? " …" : "";
    const framed = kind === "exact" && !isWhole(source) ? ", in its frame" : "";
    title.textContent = name[0].toUpperCase() + name.slice(1) + progress + framed;
    canvas.parentElement.ariaBusy = String(waiting);
    if (map) paintMap(canvas, crop, lut, map, settings());
    else paintFace(canvas, crop);
    canvas.ariaLabel = map
      ? `${name}: what speaks ${sign > 0 ? "for" : "against"} “${about.label}” in this face`
      : `${name}: not there yet`;
  }

  function paint() {
    if (!face || !chosen || !crop.complete || !crop.naturalWidth) return;
    const about = attribute(chosen, source.task);
    const map = about && mapOf(chosen, "exact");
    if (!map) return;
    const covered = mapOf(chosen, "covering");
    pair.classList.toggle("exactly", leads() === exact);
    cropCaption.textContent = (isWhole(source) ? "What it sees" : "Of this it sees what is in the frame")
      + (face.alone ? "" : `: face ${face.number}`);
    covering.figure.hidden = source.failed;
    paintPlate(covering, about);
    paintPlate(exact, about);
    scaleEnd.textContent = sign > 0 ? "speaks for it" : "speaks against it";
    scale.hidden = [map, covered].every((each) => !each || strongestOf(each, sign) <= 0);
    caption.textContent = leads() === exact ? exactWords(about, map, sign)
      : covered ? coveringWords(about, covered, sign)
        : "Square after square of the face is being covered, to see where the score falls.";
    why.textContent = source.failed ? "" : WHY[source.first];
    numbersOf.replaceChildren(...figures(about, map, covered, sign, source).map((line) => element("p", {}, line)));
    // A button that is disabled would lose the focus.
    keep.ariaDisabled = String(isKept(chosen, source.task) || keptHere().length >= MOST_BESIDE);
    paintBeside();
  }

  /** Have the next places covered, one wish at a time: in between the kernel is free for others. */
  function cover(from = source) {
    if (!from || from !== sources.get(from.task) || from.pending || from.failed || from.maps.occlusion) return;
    from.pending = true;
    model.send({ kind: "ask", way: "occlusion", task: from.task });
  }

  // Not before the answer has been painted.
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
      return element("li", {}, show, away,
        element("span", { className: "small" }, `${about.label} ${probabilityText(about.probability)}`));
    }));
    beside.hidden = here.length === 0;
  }

  function showPoints() {
    pair.classList.toggle("pointed", marks.box.checked); // a dot has to be hit by a finger
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

  /** Ask for the kind of map that is chosen, unless it is there. */
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
    // The kind of map that the visitor has chosen is asked for again.
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
      select.replaceChildren(...message.attributes
        .filter((each) => !each.judgement).toSorted(byLabel).map((each) => option(each, "")));
      const before = way.value;
      way.replaceChildren(...message.ways.map(([value, text]) => element("option", { value }, text[0].toUpperCase() + text.slice(1))));
      body.hidden = false;
      if (before) way.value = before;
    },
    other(message) {
      begin(message.task, message);
      select.append(element("optgroup", { label: message.title },
        ...message.attributes.map((each) => option(each, message.task))));
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
    chosen({ name }) { choose(name); },
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
      // What is folded away on the board shall not stand here when the next face comes.
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
    },
  });
  return () => {
    silence();
    crops.free();
  };
}

export default { render };
