import { multiply, productsView } from "./products.js";
import { element, listen, numbers, pictures, two } from "./shared.js";
import { fall, player, still } from "./walk.js";

/** Paint a map of floats, its `low` dark and its `high` bright. */
function paintFloats(canvas, values, [height, width], lut, low, high) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  values.forEach((value, i) => {
    const share = high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0;
    const colour = 3 * Math.round(255 * share);
    picture.data.set([lut[colour], lut[colour + 1], lut[colour + 2], 255], 4 * i);
  });
  context.putImageData(picture, 0, 0);
}

/** Paint the patch under the filter, `pixels` of three colours from 0 to 1. */
function paintPatch(canvas, pixels, side) {
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(side, side);
  for (let i = 0; i < side * side; i += 1) picture.data.set([...pixels.map((colour) => 255 * colour[i]), 255], 4 * i);
  context.putImageData(picture, 0, 0);
}

function render({ model, el, signal }) {
  const shelf = pictures();
  const figure = (title, picture, live = true) => {
    const words = element("li", { className: "small" });
    const mark = element("span", { className: "place", ariaHidden: "true" });
    const veil = element("span", { className: "veil", ariaHidden: "true" });
    const frame = element("div", { className: live ? "frame live" : "frame" }, picture, ...(live ? [veil, mark] : []));
    const node = element("figure", {}, element("figcaption", { className: "title" }, title), frame);
    return { title, node, frame, mark, veil, words, picture };
  };
  const blank = () => element("canvas", { role: "img" });
  const seen = figure("1. Picture", element("img", { alt: "The face as the network gets it" }));
  const filter = figure("2. Filter", element("img", { alt: "" }), false);
  const convolved = figure("3. Convolution", blank());
  const kept = figure("4. ReLU", blank());
  const pooled = figure("5. Pooling", blank());
  const patch = element("canvas", { role: "img", ariaLabel: "The patch under the filter" });
  filter.frame.append(patch);
  const all = [seen, filter, convolved, kept, pooled];
  const toggle = element("button", { type: "button" }, "Play");
  const strip = element("div", { className: "strip" }, ...all.map((each) => each.node),
    element("div", { className: "control" }, toggle));
  const here = element("p", { className: "here", ariaLive: "polite" });
  const products = productsView();
  const filters = element("div", { className: "filters", role: "group", ariaLabel: "Filters of the first layer" });
  const filtersTitle = element("p", { className: "small" });
  const body = element("section", { className: "card", hidden: true },
    element("h2", {}, "Step by step: your face through the first layer"),
    element("p", { className: "small lead" },
      "A network begins with the simplest of questions, asked at every place of the picture by a small filter. Point at a place or tap it, or use the arrow keys, and follow it through the steps."),
    strip, here, products.node, element("ol", { className: "captions" }, ...all.map((each) => each.words)), filtersTitle, filters);
  el.classList.add("facelens", "steps");
  el.append(body);

  let stale = false;
  let inSight = false;
  const ask = (channel = null) => {
    body.ariaBusy = "true";
    if (!now) here.textContent = "Working through the first layer…";
    model.send({ kind: "ask", channel });
  };
  const watcher = new IntersectionObserver((entries) => {
    inSight = entries.at(-1).isIntersecting;
    if (stale && inSight) {
      stale = false;
      ask();
    }
  }, { rootMargin: "200px" });
  watcher.observe(body);
  signal.addEventListener("abort", () => watcher.disconnect());

  let now = null;
  let place = [0, 0];

  /** Put the marks at field `place` of the convolution and say what happens there. */
  function point() {
    if (!now) return;
    const [height, width] = now.shape;
    const [row, column] = place.map((at, i) => Math.min(now.shape[i] - 1, Math.max(0, at)));
    place = [row, column];
    const at = row * width + column;
    const box = (mark, top, left, tall, wide) => Object.assign(mark.style, {
      top: `${100 * top}%`, left: `${100 * left}%`, height: `${100 * tall}%`, width: `${100 * wide}%`,
    });
    for (const { mark } of [convolved, kept]) box(mark, row / height, column / width, 1 / height, 1 / width);
    const [rows, columns] = now.pooled;
    const [down, across] = [Math.min(rows - 1, row >> 1), Math.min(columns - 1, column >> 1)];
    box(pooled.mark, down / rows, across / columns, 1 / rows, 1 / columns);
    let before = now.values[0][at];
    const after = now.values[1][at];
    const largest = now.values[2][down * columns + across];
    const total = element("b", { className: "total" });
    let sum = ["Here: the filter answers ", total];
    if (now.filter) {
      const { side, stride, size: [tall, wide] } = now.filter;
      box(seen.mark, (row * stride - (side >> 1)) / tall, (column * stride - (side >> 1)) / wide, side / tall, side / wide);
      const done = multiply(now.filter, row * stride, column * stride);
      products.draw(done);
      paintPatch(patch, done.pixels, side);
      // A graph may keep its kernels in fewer bits than the weights that the filters come from.
      const near = Math.abs(done.exact - before) < 0.005;
      if (near) before = done.total;
      const [red, green, blue] = done.sums.map(two);
      sum = [`Here: ${red} for red, ${green} for green and ${blue} for blue; with the bias ${two(done.bias)} that is `, total,
        near ? "" : ` (the network itself, whose weights are rounded, has ${two(before)})`];
      total.textContent = two(done.total);
    } else {
      box(seen.mark, row / height, column / width, 1 / height, 1 / width);
      total.textContent = two(before);
    }
    const cut = before < 0 ? "It is below zero, so ReLU makes it 0"
      : after < before - 0.01 ? `It is cut to ${two(after)}` : `It stays ${two(before)} after ReLU`;
    here.replaceChildren(...sum, `. ${cut}; the largest in its window of the pooled map is ${two(largest)}.`);
  }

  /** Cover the maps from row `row` on, as far as the filter has not come; all uncovered by default. */
  const cover = (row = Number.POSITIVE_INFINITY) => {
    for (const { veil } of [convolved, kept, pooled]) veil.style.height = `${100 * Math.max(0, 1 - row / now.shape[0])}%`;
  };
  /** At a few places number by number, then over the whole picture. */
  function* script() {
    const [height, width] = now.shape;
    const start = place;
    for (let i = 0; i < 3; i += 1) {
      place = [start[0], Math.min(width - 1, start[1] + i)];
      body.classList.add("slow");
      point();
      if (now.filter) {
        here.classList.add("wait");
        const pace = Math.max(1, Math.round(products.count / 27));
        for (let count = 0; count <= products.count; count += pace) {
          products.reveal(count);
          yield 60;
        }
      }
      products.reveal(products.count);
      here.classList.remove("wait");
      yield 700;
      fall(body, here.querySelector(".total"), convolved.mark, 700);
      yield 1000;
    }
    body.classList.remove("slow");
    for (let row = 0; row < height; row += 2) {
      cover(row);
      for (const share of [0, 0.25, 0.5, 0.75]) {
        place = [row, Math.round(share * width)];
        point();
        yield 30;
      }
    }
    cover();
    place = start;
    point();
  }
  const walk = player(script, (playing) => {
    toggle.textContent = still() ? "Next place" : playing ? "Pause" : "Play";
    here.ariaLive = playing ? "off" : "polite";
    if (playing) return;
    body.classList.remove("slow");
    here.classList.remove("wait");
    products.reveal(products.count);
  });
  /** Stop where it is, for somebody who points at a place. */
  const halt = () => {
    walk.stop();
    if (now) cover();
  };
  toggle.onclick = () => {
    if (!now) return;
    if (still()) {
      place = [place[0], (place[1] + 1) % now.shape[1]];
      point();
    } else if (walk.playing) walk.pause();
    else walk.play();
  };
  // It plays by itself once, when somebody first sees it.
  let shown = false;
  let watched = false;
  const seat = () => {
    if (!watched) walk.pause();
    else if (now && !shown && !still()) {
      shown = true;
      walk.play();
    }
  };
  const audience = new IntersectionObserver((entries) => {
    watched = entries.at(-1).intersectionRatio > 0.5;
    seat();
  }, { threshold: [0, 0.55] });
  audience.observe(strip);
  signal.addEventListener("abort", () => {
    audience.disconnect();
    walk.stop();
  });

  const follow = ({ title, frame }) => {
    frame.tabIndex = 0;
    frame.role = "application";
    frame.ariaLabel = `${title}: arrow keys move the place`;
    const at = (event) => {
      if (!now) return;
      halt();
      const area = frame.getBoundingClientRect();
      place = [
        Math.floor(((event.clientY - area.top) / area.height) * now.shape[0]),
        Math.floor(((event.clientX - area.left) / area.width) * now.shape[1]),
      ];
      point();
    };
    frame.onpointermove = at;
    frame.onpointerdown = at;
    frame.onkeydown = (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      halt();
      place = [place[0] + step[0], place[1] + step[1]];
      point();
    };
  };
  [seen, convolved, kept, pooled].forEach(follow);

  const silence = listen(model, el, {
    offer({ able }) {
      walk.stop();
      body.hidden = !able;
      if (!able) here.textContent = "";
      now = null;
      products.clear();
      stale = able;
      if (stale && inSight) {
        stale = false;
        ask();
      }
    },
    steps(message, [picture, lut, first, second, third, padded, weights, ...thumbs]) {
      halt();
      stale = false;
      body.ariaBusy = "false";
      shelf.free();
      const colourTable = numbers(lut, Uint8Array);
      const values = [first, second, third].map((each) => numbers(each, Float32Array));
      const { channel, filter: has } = message;
      now = { ...message, values };
      if (has) now.filter = { ...has, padded: numbers(padded, Uint16Array), weights: numbers(weights, Float32Array) };
      else products.clear();
      cover();
      const [height, width] = message.shape;
      const low = Math.min(...values[0]);
      const high = Math.max(...values[0]);
      const negative = values[0].filter((value) => value < 0).length / values[0].length;
      seen.picture.src = shelf.url(picture, "image/png");
      paintFloats(convolved.picture, values[0], message.shape, colourTable, low, high);
      paintFloats(kept.picture, values[1], message.shape, colourTable, 0, Math.max(...values[1]));
      paintFloats(pooled.picture, values[2], message.pooled, colourTable, 0, Math.max(...values[2]));
      convolved.picture.ariaLabel = `Feature map ${channel} before ReLU`;
      kept.picture.ariaLabel = `Feature map ${channel} after ReLU`;
      pooled.picture.ariaLabel = `Feature map ${channel} after pooling`;
      seen.words.textContent = has
        ? `Your face as the network gets it, ${has.size[1]} × ${has.size[0]} pixels of red, green and blue. The square is what the filter sees at once.`
        : "Your face, aligned.";
      filter.node.hidden = !has;
      if (has) {
        filter.picture.src = shelf.url(thumbs[message.channels.indexOf(channel)], "image/png");
        filter.picture.alt = `Filter ${channel}`;
        filter.words.textContent = `Filter ${channel}: ${has.side} × ${has.side} × 3 numbers that training has found; brighter than grey counts for, darker against. Beside it the patch of the picture that lies under it. Each pixel is multiplied by its weight, and all are added up.`;
      }
      filter.words.hidden = !has;
      convolved.words.textContent = `The filter slides over the picture${has ? `, ${has.stride} pixels per step,` : ""} and notes one number per place: ${width} × ${height} of them, from ${two(low)} (dark) to ${two(high)} (bright).`;
      kept.words.textContent = `What is below zero becomes zero${message.ceiling ? ", and what is above six becomes six" : ""}: here ${Math.round(100 * negative)} of 100 places. Without this step all layers together could do no more than one.`;
      pooled.words.textContent = message.pools
        ? `The largest of each window stays: ${message.pooled[1]} × ${message.pooled[0]} fields. What was found matters more from here on than where exactly.`
        : `The largest of every 2 × 2 fields. This network has no such step: it makes its pictures smaller by taking larger strides. In others it would look like this.`;
      filtersTitle.textContent = has
        ? `All ${message.channels.length} filters of the first layer; the most telling ones for your face come first. Choose another:`
        : "The filters of this network lie in its training weights, which were not fetched. Choose another feature map:";
      const within = filters.contains(document.activeElement);
      filters.replaceChildren(...message.channels.map((each, i) => {
        const button = element("button", { type: "button", ariaPressed: String(each === channel), ariaLabel: `Filter ${each}` },
          has ? element("img", { src: shelf.url(thumbs[i], "image/png"), alt: "", width: 32, height: 32 }) : String(each));
        button.onclick = () => ask(each);
        return button;
      }));
      if (within) filters.querySelector('[aria-pressed="true"]').focus();
      toggle.textContent = still() ? "Next place" : "Play";
      // The place that answers most is where one sees what the filter is about.
      const top = values[0].indexOf(high);
      place = [Math.floor(top / width), top % width];
      point();
      seat();
    },
    error() {
      body.ariaBusy = "false";
      if (!now) here.textContent = "";
    },
    clear() {
      shelf.free();
      walk.stop();
      now = null;
      seen.picture.removeAttribute("src");
      for (const { picture } of [convolved, kept, pooled]) picture.width += 0;
      patch.width += 0;
      here.textContent = "";
      products.clear();
      for (const { words } of all) words.textContent = "";
      filters.replaceChildren();
      body.hidden = true;
    },
  });
  return () => {
    silence();
    shelf.free();
  };
}

export default { render };
