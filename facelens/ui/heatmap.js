import { coveringWords, exactWords, figures, paintFace, paintMap, strongestOf, WHY } from "./heat.js";
import { element, hearChosen, listen, numbers, pictures, probabilityText, tellChosen } from "./shared.js";

const WIDTH = 178;
const HEIGHT = 218;
const MOST_BESIDE = 6;

/** An SVG element. */
function drawn(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

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
  const dots = drawn("svg", { viewBox: `-0.5 -0.5 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "Where they lie on the face" });
  const pointed = element("input", { type: "checkbox" });
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
  const pointing = element("label", { className: "small" }, pointed, "Fifteen points");
  const pair = element("div", { className: "pair" }, covering.figure, exact.figure, scale,
    element("figure", { className: "own" }, element("div", { className: "marked" }, crop, dots),
      element("div", {}, cropCaption, pointing)));
  const pointNote = element("p", { className: "small points", ariaLive: "polite", hidden: true });
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
  const body = element("section", { className: "card", hidden: true }, head, pair, pointNote, caption, why, tools, beside, fold);
  el.classList.add("facelens", "heatmap");
  el.append(body);

  const back = element("button", { type: "button", className: "back" }, "Back to the rows");
  back.onclick = () => {
    const row = el.closest(".facelens-page")?.querySelector(".board .row.active .label");
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
  let maps = {};
  let pending = false; // a wish for covering is on its way
  let failed = false; // covering, on this face
  let done = { done: 0, count: 1 };
  let chosen = null;
  let sign = 1;
  let kept = [];

  const attribute = (name) => face.attributes.find((each) => each.name === name);
  const settings = () => ({ sign, opacity: opacity.valueAsNumber, square: square.checked });
  const mapOf = (name, kind) => {
    const all = kind === "covering" ? maps.occlusion : maps[way.value] ?? maps.map;
    if (!all) return null;
    const size = all.height * all.width;
    const index = face.attributes.findIndex((each) => each.name === name);
    return { ...all, values: all.values.subarray(index * size, (index + 1) * size) };
  };
  // A face that could not be covered has the exact map alone.
  const leads = () => (face.first === "occlusion" && !failed ? covering : exact);

  /** Paint one of the two maps, or the grey face where it is on the way. */
  function paintPlate({ kind, canvas, title }, about) {
    const map = mapOf(about.name, kind);
    const name = kind === "covering" ? "By covering" : face.ways.find(([value]) => value === way.value)[1];
    const waiting = kind === "covering" ? !map : !maps[way.value];
    const progress = kind === "covering" && waiting ? ` … ${Math.floor((100 * done.done) / done.count)} %` : waiting ? " …" : "";
    title.textContent = name[0].toUpperCase() + name.slice(1) + progress;
    canvas.parentElement.ariaBusy = String(waiting);
    if (map) paintMap(canvas, crop, lut, map, settings());
    else paintFace(canvas, crop);
    canvas.ariaLabel = map
      ? `${name}: what speaks ${sign > 0 ? "for" : "against"} “${about.label}” in this face`
      : `${name}: not there yet`;
  }

  function paint() {
    if (!face || !chosen || !crop.complete || !crop.naturalWidth) return;
    const about = attribute(chosen);
    const map = about && mapOf(chosen, "exact");
    if (!map) return;
    const covered = mapOf(chosen, "covering");
    pair.classList.toggle("exactly", leads() === exact);
    covering.figure.hidden = failed;
    paintPlate(covering, about);
    paintPlate(exact, about);
    scaleEnd.textContent = sign > 0 ? "speaks for it" : "speaks against it";
    scale.hidden = [map, covered].every((each) => !each || strongestOf(each, sign) <= 0);
    caption.textContent = leads() === exact ? exactWords(about, map, sign)
      : covered ? coveringWords(about, covered, sign)
        : "Square after square of the face is being covered, to see where the score falls.";
    why.textContent = failed ? "" : WHY[face.first];
    numbersOf.replaceChildren(...figures(about, map, covered, sign).map((line) => element("p", {}, line)));
    // A button that is disabled would lose the focus.
    keep.ariaDisabled = String(kept.includes(chosen) || kept.filter(attribute).length >= MOST_BESIDE);
    paintBeside();
  }

  /** Have the next places covered, one wish at a time: in between the kernel is free for others. */
  function cover() {
    if (!face || pending || failed || maps.occlusion) return;
    pending = true;
    model.send({ kind: "ask", way: "occlusion" });
  }

  // Not before the answer has been painted.
  const coverSoon = () => requestAnimationFrame(() => setTimeout(cover));

  function paintBeside() {
    const names = kept.filter(attribute);
    beside.replaceChildren(...names.map((name) => {
      const about = attribute(name);
      const tile = element("canvas", { width: WIDTH, height: HEIGHT, ariaHidden: "true" });
      const map = mapOf(name, leads().kind) ?? mapOf(name, "exact");
      paintMap(tile, crop, lut, map, settings());
      const show = element("button", { type: "button", className: "tile", ariaLabel: `Look at ${about.label}` }, tile);
      show.onclick = () => turn(name);
      const away = element("button", { type: "button", className: "away", ariaLabel: `Take ${about.label} away` }, "×");
      away.onclick = () => {
        kept = kept.filter((each) => each !== name);
        paint();
        keep.focus();
      };
      return element("li", {}, show, away,
        element("span", { className: "small" }, `${about.label} ${probabilityText(about.probability)}`));
    }));
    beside.hidden = names.length === 0;
  }

  function paintPoints() {
    const shown = pointed.checked && points;
    dots.replaceChildren();
    dots.style.display = shown ? "" : "none";
    pointNote.hidden = !pointed.checked;
    pointNote.textContent = "Looking for the points…";
    if (!shown) return;
    const off = points.off === null ? "" : `, on average ${(100 * points.off).toFixed(1)} % of the eyes' distance off when tested on people it had not seen`;
    const all = `Points by another network, ${points.title}${off}. Touch one for its name.`;
    const say = (text) => { pointNote.textContent = text; };
    say(all);
    points.where.forEach(([x, y], i) => {
      const name = points.names[i];
      // A finger is wider than a dot.
      const dot = drawn("g", {},
        drawn("circle", { cx: x, cy: y, r: 7, fill: "transparent" }),
        drawn("circle", { cx: x, cy: y, r: 2.2, class: "dot" }),
        drawn("title", {}, name));
      dot.onpointerenter = () => say(`${name[0].toUpperCase()}${name.slice(1)}; left is the person's own left.`);
      dot.onpointerleave = (event) => { if (event.pointerType === "mouse") say(all); };
      dots.append(dot);
    });
  }

  function choose(name) {
    const about = face && attribute(name);
    if (!about) return;
    chosen = name;
    if (![...select.options].some((option) => option.value === name)) {
      select.append(element("option", { value: name }, about.label));
    }
    select.value = name;
    paint();
  }

  function turn(name) {
    choose(name);
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
  select.onchange = () => turn(select.value);
  opacity.oninput = paint;
  square.onchange = paint;
  keep.onclick = () => {
    if (keep.ariaDisabled === "true") return;
    kept.push(chosen);
    paint();
  };
  way.onchange = () => {
    paint();
    if (!maps[way.value]) model.send({ kind: "ask", way: way.value });
  };
  crop.onload = paint;
  pointed.onchange = () => {
    pair.classList.toggle("pointed", pointed.checked); // a dot has to be hit by a finger
    paintPoints();
    if (!pointed.checked || points || asked) return;
    asked = true;
    model.send({ kind: "points" });
  };

  const take = (kind) => (message, [buffer]) => {
    maps[kind] = { ...message, way: kind, values: numbers(buffer, Float32Array) };
    paint();
    if (kind === "map") coverSoon();
  };

  hearChosen(el, signal, choose);
  const silence = listen(model, el, {
    face(message, [jpeg, colours]) {
      face = message;
      maps = {};
      failed = false;
      done = { done: 0, count: 1 };
      lut = numbers(colours, Uint8Array);
      crops.free();
      crop.src = crops.url(jpeg, "image/jpeg");
      cropCaption.textContent = message.alone
        ? "What it sees"
        : `What it sees: face ${message.number}`;
      points = null;
      asked = false;
      pointing.hidden = !message.marks;
      pointed.checked &&= message.marks;
      pointed.onchange();
      select.replaceChildren(...message.attributes
        .filter((each) => !each.judgement)
        .toSorted((a, b) => a.label.localeCompare(b.label))
        .map(({ name, label }) => element("option", { value: name }, label)));
      const before = way.value;
      way.replaceChildren(...message.ways.map(([value, text]) => element("option", { value }, text[0].toUpperCase() + text.slice(1))));
      body.hidden = false;
      // The kind of map that the visitor has chosen is asked for again.
      if (before && before !== "map") {
        way.value = before;
        way.onchange();
      }
    },
    map: take("map"),
    finer: take("finer"),
    finest: take("finest"),
    occlusion(message, buffers) {
      pending = false;
      take("occlusion")(message, buffers);
    },
    covering(message) {
      pending = false;
      done = message;
      if (!face || !chosen) return;
      paintPlate(covering, attribute(chosen));
      cover();
    },
    points(message) {
      points = message;
      asked = false;
      paintPoints();
    },
    chosen({ name }) { choose(name); },
    error({ wish }) {
      if (wish === "occlusion") {
        pending = false;
        failed = true;
        paint();
        return;
      }
      if (wish === "points") {
        asked = false;
        pointed.checked = false;
        paintPoints();
        return;
      }
      way.value = "map";
      paint();
    },
    clear() {
      crops.free();
      // What is folded away on the board shall not stand here when the next face comes.
      kept = kept.filter((name) => !face || !attribute(name)?.judgement);
      face = null;
      points = null;
      asked = false;
      paintPoints();
      chosen = null;
      caption.textContent = why.textContent = "";
      numbersOf.replaceChildren();
      maps = {};
      pending = false;
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
