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

// products.js
var COLOURS = ["Red", "Green", "Blue"];
var FULL = 65535;
var MOST = 3;
var sum = (values) => values.reduce((a, b) => a + b, 0);
function share(values, total) {
  const parts = values.map((value) => Math.floor(100 * value));
  const most = values.map((_, i) => i).sort((a, b) => 100 * values[b] - parts[b] - (100 * values[a] - parts[a]));
  for (const i of most.slice(0, Math.max(0, total - sum(parts)))) parts[i] += 1;
  return parts;
}
function multiply({ side, size, bias, padded, weights }, top, left) {
  const wide = size[1] + side - 1;
  const places = Array.from({ length: side * side }, (_, i) => [top + Math.floor(i / side), left + i % side]);
  const pixels = [0, 1, 2].map((c) => places.map(([y, x]) => padded[3 * (y * wide + x) + c] / FULL));
  const filter = [0, 1, 2].map((c) => places.map((_, i) => weights[3 * i + c]));
  const products = pixels.map((values, c) => values.map((value, i) => value * filter[c][i]));
  const sums = products.map(sum);
  const exact = sum(sums) + bias;
  const total = Math.round(100 * exact);
  const parts = share([...sums, bias], total);
  return {
    pixels,
    filter,
    exact,
    products: products.map((values, c) => share(values, parts[c]).map((part) => part / 100)),
    sums: parts.slice(0, 3).map((part) => part / 100),
    bias: parts[3] / 100,
    total: total / 100
  };
}
function productsView() {
  const squares = COLOURS.map((name) => {
    const total = element("b", {});
    const cells = element("div", { className: "cells" });
    const node2 = element(
      "div",
      { className: "colour", role: "group" },
      element("p", { className: "small" }, element("i", { className: name.toLowerCase(), ariaHidden: "true" }), name, total),
      cells
    );
    return { name, node: node2, cells, total };
  });
  const note = element("p", { className: "small" });
  const node = element(
    "div",
    { className: "products", hidden: true },
    element("div", { className: "squares" }, ...squares.map((each) => each.node)),
    note
  );
  let side = 0;
  const build = (wide) => {
    side = wide;
    const written = side <= MOST;
    node.classList.toggle("many", !written);
    note.textContent = written ? `Each number is a pixel (from 0, dark, to 1, bright) times its weight in the filter: ${3 * side * side} products. All are rounded so that they add up to what is shown.` : `${3 * side * side} products of a pixel and its weight are too many to write out: teal counts for, grey against, the stronger the more.`;
    for (const { cells } of squares) {
      cells.style.setProperty("--side", side);
      cells.replaceChildren(...Array.from({ length: side * side }, () => element("span", { className: "cell" }, ...written ? [element("b", {}), element("span", { className: "factors" })] : [])));
    }
  };
  return {
    node,
    squares,
    /** How many cells there are, over all colours. */
    get count() {
      return 3 * side * side;
    },
    draw({ pixels, filter, products, sums }) {
      const wide = Math.round(Math.sqrt(pixels[0].length));
      if (wide !== side) build(wide);
      const most = Math.max(0.01, ...products.flat().map(Math.abs));
      squares.forEach(({ name, node: square, cells, total }, c) => {
        total.textContent = two(sums[c]);
        square.ariaLabel = `${name}: sum ${two(sums[c])}`;
        [...cells.children].forEach((cell, i) => {
          const product = products[c][i];
          cell.dataset.sign = product < 0 ? "against" : "for";
          cell.style.setProperty("--part", `${Math.round(100 * Math.abs(product) / most)}%`);
          if (!cell.firstChild) return;
          cell.firstChild.textContent = two(product);
          cell.lastChild.textContent = `${two(pixels[c][i])} × ${two(Math.round(100 * filter[c][i]) / 100)}`;
        });
      });
      node.hidden = false;
    },
    /** Show only the first `count` products, and the sums of the colours that are complete. */
    reveal(count) {
      let at = 0;
      for (const { cells, total } of squares) {
        for (const cell of cells.children) {
          cell.classList.toggle("wait", at >= count);
          at += 1;
        }
        total.classList.toggle("wait", at > count);
      }
    },
    clear() {
      node.hidden = true;
      side = 0;
      for (const { node: square, cells, total } of squares) {
        cells.replaceChildren();
        total.textContent = "";
        square.ariaLabel = "";
      }
    }
  };
}

// walk.js
var still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
function player(script, tell) {
  let timer = 0;
  let scene = null;
  const step = () => {
    const { done, value } = scene.next();
    if (done) {
      scene = null;
      timer = 0;
      tell(false);
    } else timer = setTimeout(step, value);
  };
  return {
    get playing() {
      return timer !== 0;
    },
    play() {
      if (timer) return;
      scene ??= script();
      tell(true);
      step();
    },
    pause() {
      if (!timer) return;
      clearTimeout(timer);
      timer = 0;
      tell(false);
    },
    /** Forget where the script was. */
    stop() {
      this.pause();
      scene = null;
    }
  };
}
function fall(room, thing, goal, milliseconds) {
  const [all, from, to] = [room, thing, goal].map((node) => node.getBoundingClientRect());
  const copy = thing.cloneNode(true);
  copy.classList.add("falling");
  copy.ariaHidden = "true";
  copy.style.left = `${from.left - all.left}px`;
  copy.style.top = `${from.top - all.top}px`;
  room.append(copy);
  const x = to.left + to.width / 2 - from.left - from.width / 2;
  const y = to.top + to.height / 2 - from.top - from.height / 2;
  copy.animate(
    [{ transform: "none" }, { transform: `translate(${x}px, ${y}px) scale(0.5)`, opacity: 0.4 }],
    { duration: milliseconds, easing: "ease-in" }
  ).finished.catch(() => {
  }).then(() => copy.remove());
}

// steps.js
function paintFloats(canvas, values, [height, width], lut, low, high) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  values.forEach((value, i) => {
    const share2 = high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0;
    const colour = 3 * Math.round(255 * share2);
    picture.data.set([lut[colour], lut[colour + 1], lut[colour + 2], 255], 4 * i);
  });
  context.putImageData(picture, 0, 0);
}
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
    const frame = element("div", { className: live ? "frame live" : "frame" }, picture, ...live ? [veil, mark] : []);
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
  const strip = element(
    "div",
    { className: "strip" },
    ...all.map((each) => each.node),
    element("div", { className: "control" }, toggle)
  );
  const here = element("p", { className: "here", ariaLive: "polite" });
  const products = productsView();
  const filters = element("div", { className: "filters", role: "group", ariaLabel: "Filters of the first layer" });
  const filtersTitle = element("p", { className: "small" });
  const body = element(
    "section",
    { className: "card", hidden: true },
    element("h2", {}, "Step by step: your face through the first layer"),
    element(
      "p",
      { className: "small lead" },
      "A network begins with the simplest of questions, asked at every place of the picture by a small filter. Point at a place or tap it, or use the arrow keys, and follow it through the steps."
    ),
    strip,
    here,
    products.node,
    element("ol", { className: "captions" }, ...all.map((each) => each.words)),
    filtersTitle,
    filters
  );
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
  function point() {
    if (!now) return;
    const [height, width] = now.shape;
    const [row, column] = place.map((at2, i) => Math.min(now.shape[i] - 1, Math.max(0, at2)));
    place = [row, column];
    const at = row * width + column;
    const box = (mark, top, left, tall, wide) => Object.assign(mark.style, {
      top: `${100 * top}%`,
      left: `${100 * left}%`,
      height: `${100 * tall}%`,
      width: `${100 * wide}%`
    });
    for (const { mark } of [convolved, kept]) box(mark, row / height, column / width, 1 / height, 1 / width);
    const [rows, columns] = now.pooled;
    const [down, across] = [Math.min(rows - 1, row >> 1), Math.min(columns - 1, column >> 1)];
    box(pooled.mark, down / rows, across / columns, 1 / rows, 1 / columns);
    let before = now.values[0][at];
    const after = now.values[1][at];
    const largest = now.values[2][down * columns + across];
    const total = element("b", { className: "total" });
    let sum2 = ["Here: the filter answers ", total];
    if (now.filter) {
      const { side, stride, size: [tall, wide] } = now.filter;
      box(seen.mark, (row * stride - (side >> 1)) / tall, (column * stride - (side >> 1)) / wide, side / tall, side / wide);
      const done = multiply(now.filter, row * stride, column * stride);
      products.draw(done);
      paintPatch(patch, done.pixels, side);
      const near = Math.abs(done.exact - before) < 5e-3;
      if (near) before = done.total;
      const [red, green, blue] = done.sums.map(two);
      sum2 = [
        `Here: ${red} for red, ${green} for green and ${blue} for blue; with the bias ${two(done.bias)} that is `,
        total,
        near ? "" : ` (the network itself, whose weights are rounded, has ${two(before)})`
      ];
      total.textContent = two(done.total);
    } else {
      box(seen.mark, row / height, column / width, 1 / height, 1 / width);
      total.textContent = two(before);
    }
    const cut = before < 0 ? "It is below zero, so ReLU makes it 0" : after < before - 0.01 ? `It is cut to ${two(after)}` : `It stays ${two(before)} after ReLU`;
    here.replaceChildren(...sum2, `. ${cut}; the largest in its window of the pooled map is ${two(largest)}.`);
  }
  const cover = (row = Number.POSITIVE_INFINITY) => {
    for (const { veil } of [convolved, kept, pooled]) veil.style.height = `${100 * Math.max(0, 1 - row / now.shape[0])}%`;
  };
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
      yield 1e3;
    }
    body.classList.remove("slow");
    for (let row = 0; row < height; row += 2) {
      cover(row);
      for (const share2 of [0, 0.25, 0.5, 0.75]) {
        place = [row, Math.round(share2 * width)];
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
        Math.floor((event.clientY - area.top) / area.height * now.shape[0]),
        Math.floor((event.clientX - area.left) / area.width * now.shape[1])
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
      seen.words.textContent = has ? `Your face as the network gets it, ${has.size[1]} × ${has.size[0]} pixels of red, green and blue. The square is what the filter sees at once.` : "Your face, aligned.";
      filter.node.hidden = !has;
      if (has) {
        filter.picture.src = shelf.url(thumbs[message.channels.indexOf(channel)], "image/png");
        filter.picture.alt = `Filter ${channel}`;
        filter.words.textContent = `Filter ${channel}: ${has.side} × ${has.side} × 3 numbers that training has found; brighter than grey counts for, darker against. Beside it the patch of the picture that lies under it. Each pixel is multiplied by its weight, and all are added up.`;
      }
      filter.words.hidden = !has;
      convolved.words.textContent = `The filter slides over the picture${has ? `, ${has.stride} pixels per step,` : ""} and notes one number per place: ${width} × ${height} of them, from ${two(low)} (dark) to ${two(high)} (bright).`;
      kept.words.textContent = `What is below zero becomes zero${message.ceiling ? ", and what is above six becomes six" : ""}: here ${Math.round(100 * negative)} of 100 places. Without this step all layers together could do no more than one.`;
      pooled.words.textContent = message.pools ? `The largest of each window stays: ${message.pooled[1]} × ${message.pooled[0]} fields. What was found matters more from here on than where exactly.` : `The largest of every 2 × 2 fields. This network has no such step: it makes its pictures smaller by taking larger strides. In others it would look like this.`;
      filtersTitle.textContent = has ? `All ${message.channels.length} filters of the first layer; the most telling ones for your face come first. Choose another:` : "The filters of this network lie in its training weights, which were not fetched. Choose another feature map:";
      const within = filters.contains(document.activeElement);
      filters.replaceChildren(...message.channels.map((each, i) => {
        const button = element(
          "button",
          { type: "button", ariaPressed: String(each === channel), ariaLabel: `Filter ${each}` },
          has ? element("img", { src: shelf.url(thumbs[i], "image/png"), alt: "", width: 32, height: 32 }) : String(each)
        );
        button.onclick = () => ask(each);
        return button;
      }));
      if (within) filters.querySelector('[aria-pressed="true"]').focus();
      toggle.textContent = still() ? "Next place" : "Play";
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
    }
  });
  return () => {
    silence();
    shelf.free();
  };
}
var steps_default = { render };
export {
  steps_default as default
};
