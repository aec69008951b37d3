import { element, hearChosen, listen, numbers, pictures, probabilityText, tellChosen, two } from "./shared.js";

const WIDTH = 178;
const HEIGHT = 218;
const MOST_BESIDE = 6;

/** Values between the fields of a map at a pixel, as `cv2.resize` has them; nearest if `square`. */
function sampler(values, height, width, tall, wide, square) {
  const along = (pixel, pixels, fields) => {
    const at = Math.min(fields - 1, Math.max(0, ((pixel + 0.5) * fields) / pixels - 0.5));
    const low = square ? Math.round(at) : Math.floor(at);
    return [low, Math.min(fields - 1, low + 1), square ? 0 : at - low];
  };
  const rows = Array.from({ length: tall }, (_, y) => along(y, tall, height));
  const columns = Array.from({ length: wide }, (_, x) => along(x, wide, width));
  return (y, x) => {
    const [top, bottom, down] = rows[y];
    const [left, right, across] = columns[x];
    const row = (at) => values[at * width + left] * (1 - across) + values[at * width + right] * across;
    return row(top) * (1 - down) + row(bottom) * down;
  };
}

/** Paint what speaks for (`sign` 1) or against (-1) over the grey face. */
function paintMap(canvas, crop, lut, map, { sign, opacity, square }) {
  const { width: wide, height: tall } = canvas;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(crop, 0, 0, wide, tall);
  const picture = context.getImageData(0, 0, wide, tall);
  const data = picture.data;
  const at = sampler(map.values, map.height, map.width, tall, wide, square);
  const top = Math.max(...map.values.map((value) => sign * value));
  for (let y = 0, i = 0; y < tall; y += 1) {
    for (let x = 0; x < wide; x += 1, i += 4) {
      const grey = (data[i] + data[i + 1] + data[i + 2]) / 3;
      const share = top > 0 ? Math.min(1, Math.max(0, (sign * at(y, x)) / top)) : 0;
      const weight = opacity * share;
      const colour = 3 * Math.round(255 * share);
      for (let c = 0; c < 3; c += 1) data[i + c] = (1 - weight) * grey + weight * lut[colour + c];
    }
  }
  context.putImageData(picture, 0, 0);
}

/** An SVG element. */
function drawn(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function render({ model, el, signal }) {
  const crops = pictures();
  const crop = element("img", { alt: "The aligned face", width: WIDTH, height: HEIGHT });
  const cropCaption = element("figcaption", { className: "small" });
  const dots = drawn("svg", { viewBox: `-0.5 -0.5 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "Where they lie on the face" });
  const pointed = element("input", { type: "checkbox" });
  const canvas = element("canvas", { width: 2 * WIDTH, height: 2 * HEIGHT, role: "img" });
  const bar = element("i", { ariaHidden: "true" });
  const scaleEnd = element("span");
  const scale = element("figcaption", { className: "scale small" }, element("span", {}, "nothing"), bar, scaleEnd);
  const select = element("select", { ariaLabel: "Attribute to look at" });
  const head = element("div", { className: "head" }, element("h2", {}, "Where it looks for"), select);
  const pointing = element("label", { className: "small" }, pointed, "Fifteen points");
  const pair = element("div", { className: "pair" },
    element("figure", {}, element("div", { className: "marked" }, crop, dots), cropCaption, pointing),
    element("figure", {}, canvas, scale));
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
  const beside = element("ul", { className: "beside", ariaLabel: "Side by side" });
  const body = element("section", { className: "card", hidden: true }, head, pair, pointNote, tools, caption, beside);
  el.classList.add("facelens", "heatmap");
  el.append(body);

  const back = element("button", { type: "button", className: "back" }, "Back to the rows");
  back.onclick = () => {
    const row = el.closest(".facelens-page")?.querySelector(".board .row.active .label");
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "center", behavior: "smooth" });
  };
  body.append(back);

  let face = null;
  let points = null;
  let asked = false; // for the points of this face
  let lut = null;
  let maps = {};
  let chosen = null;
  let sign = 1;
  let kept = [];

  const attribute = (name) => face.attributes.find((each) => each.name === name);
  const settings = () => ({ sign, opacity: opacity.valueAsNumber, square: square.checked });
  const mapOf = (name) => {
    const all = maps[way.value] ?? maps.map;
    if (!all) return null;
    const size = all.height * all.width;
    const index = face.attributes.findIndex((each) => each.name === name);
    return { ...all, values: all.values.subarray(index * size, (index + 1) * size) };
  };
  const score = ({ logit, probability, temperature }) => `Score (logit) ${two(logit)}; divided by ${two(temperature)} (its calibration) and through a sigmoid: probability ${probabilityText(probability)}.`;

  function words(about, map, strongest) {
    const fields = `${map.width} × ${map.height} fields`;
    const looks = map.passes === 1 ? "one look" : `${map.passes} looks`;
    const time = `${looks}, ${Math.max(1, Math.round(map.milliseconds))} ms`;
    if (strongest <= 0) {
      return sign > 0
        ? `The picture is grey: no part of this face speaks for “${about.label}”. Turn to what speaks against it.`
        : `The picture is grey: no part of this face speaks against “${about.label}”.`;
    }
    if (map.way === "occlusion") {
      return `A check from outside: a square of the face was covered, ${map.passes - 1} times in other places.`
        + ` Where it is bright the score ${sign > 0 ? "fell" : "rose"}, by up to ${strongest.toFixed(1)} (${time}).`;
    }
    const total = map.values.reduce((sum, value) => sum + value, 0) / map.values.length + about.constant;
    const sum = two(total);
    // Of the rounded numbers, so that adding them up agrees.
    const mean = Number(total.toFixed(2)) - Number(about.constant.toFixed(2));
    const signed = `${about.constant < 0 ? "−" : "+"} ${Math.abs(about.constant).toFixed(2)}`;
    const brightest = `The brightest field ${sign > 0 ? "gives" : "takes"} ${strongest.toFixed(1)}, one of ${map.values.length} that are averaged.`;
    return map.way === "map"
      ? `Class activation map of the last layer: ${fields} (${time}). ${brightest} The mean of all fields and one constant are the score: ${two(mean)} ${signed} = ${sum}.`
      : `The same map as if its fields lay closer: ${fields}, put together from faces moved a little (${time}). ${brightest} Mean and constant: ${two(mean)} ${signed} = ${sum}; the answer itself comes from one look.`;
  }

  function paint() {
    if (!face || !chosen || !crop.complete || !crop.naturalWidth) return;
    const about = attribute(chosen);
    const map = mapOf(chosen);
    if (!about || !map) return;
    const waiting = !maps[way.value];
    body.ariaBusy = String(waiting);
    paintMap(canvas, crop, lut, map, settings());
    const strongest = Math.max(...map.values.map((value) => sign * value));
    canvas.ariaLabel = `What speaks ${sign > 0 ? "for" : "against"} “${about.label}” in this face`;
    scaleEnd.textContent = sign > 0 ? "speaks for it" : "speaks against it";
    scale.hidden = strongest <= 0;
    caption.textContent = waiting
      ? "Looking again, in another way. Meanwhile this is the exact map…"
      : `${score(about)} ${words(about, map, strongest)}`;
    // A button that is disabled would lose the focus.
    keep.ariaDisabled = String(kept.includes(chosen) || kept.filter(attribute).length >= MOST_BESIDE);
    paintBeside();
  }

  function paintBeside() {
    const names = kept.filter(attribute);
    beside.replaceChildren(...names.map((name) => {
      const about = attribute(name);
      const tile = element("canvas", { width: WIDTH, height: HEIGHT, ariaHidden: "true" });
      paintMap(tile, crop, lut, mapOf(name), settings());
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
    paintPoints();
    if (!pointed.checked || points || asked) return;
    asked = true;
    model.send({ kind: "points" });
  };

  const take = (kind) => (message, [buffer]) => {
    maps[kind] = { ...message, way: kind, values: numbers(buffer, Float32Array) };
    paint();
  };

  hearChosen(el, signal, choose);
  const silence = listen(model, el, {
    face(message, [jpeg, colours]) {
      face = message;
      maps = {};
      lut = numbers(colours, Uint8Array);
      crops.free();
      crop.src = crops.url(jpeg, "image/jpeg");
      cropCaption.textContent = message.alone
        ? "The face, aligned: all that the network sees."
        : `Face ${message.number}, aligned: all that the network sees.`;
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
    occlusion: take("occlusion"),
    points(message) {
      points = message;
      asked = false;
      paintPoints();
    },
    chosen({ name }) { choose(name); },
    error({ wish }) {
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
      caption.textContent = "";
      maps = {};
      crop.removeAttribute("src");
      for (const each of [canvas, ...beside.querySelectorAll("canvas")]) each.width += 0;
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
