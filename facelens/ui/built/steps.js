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

// steps.js
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
function render({ model, el, signal }) {
  const shelf = pictures();
  const figure = (title, picture, live = true) => {
    const words = element("p", { className: "small" });
    const mark = element("span", { className: "place", ariaHidden: "true" });
    const frame = element("div", { className: live ? "frame live" : "frame" }, picture, ...live ? [mark] : []);
    const node = element("figure", {}, element("h3", {}, title), frame, words);
    return { node, frame, mark, words, picture };
  };
  const blank = () => element("canvas", { role: "img" });
  const seen = figure("1. The picture", element("img", { alt: "The face as the network gets it" }));
  const filter = figure("2. A filter", element("img", { alt: "" }), false);
  const convolved = figure("3. Convolution", blank());
  const kept = figure("4. ReLU", blank());
  const pooled = figure("5. Pooling", blank());
  const patch = element("canvas", { width: 63, height: 63, role: "img", ariaLabel: "The patch under the filter" });
  filter.frame.append(patch);
  const strip = element(
    "div",
    { className: "strip" },
    ...[seen, filter, convolved, kept, pooled].map((each) => each.node)
  );
  const here = element("p", { className: "here", ariaLive: "polite" });
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
    const before = now.values[0][at];
    const after = now.values[1][at];
    const largest = now.values[2][down * columns + across];
    let sum = `The filter answers ${two(before)}`;
    if (now.filter) {
      const { side, stride, size, constant } = now.filter;
      const [tall, wide] = size;
      const [top, left] = [row * stride - (side >> 1), column * stride - (side >> 1)];
      box(seen.mark, top / tall, left / wide, side / tall, side / wide);
      const context = patch.getContext("2d");
      context.imageSmoothingEnabled = false;
      context.fillStyle = "#7c7468";
      context.fillRect(0, 0, 63, 63);
      context.drawImage(seen.picture, left, top, side, side, 0, 0, 63, 63);
      const [red, green, blue] = [0, 1, 2].map((c) => now.colours[c * height * width + at]);
      const near = Math.abs(red + green + blue + constant - before) < 5e-3;
      sum = `The patch times the filter, number by number, adds up to ${two(red)} for red, ${two(green)} for green and ${two(blue)} for blue; with the constant ${two(constant)} that is ${near ? "" : "about "}${two(before)}`;
    } else {
      box(seen.mark, row / height, column / width, 1 / height, 1 / width);
    }
    const cut = before < 0 ? "is below zero, so ReLU makes it 0" : after < before - 5e-3 ? `is cut to ${two(after)}` : `stays ${two(after)} after ReLU`;
    here.textContent = `Here: ${sum}. That ${cut}; the largest in its window of the pooled map is ${two(largest)}.`;
  }
  const follow = (each) => {
    const { frame } = each;
    frame.tabIndex = 0;
    frame.role = "application";
    frame.ariaLabel = `${each.node.querySelector("h3").textContent}: arrow keys move the place`;
    const at = (event) => {
      if (!now) return;
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
      place = [place[0] + step[0], place[1] + step[1]];
      point();
    };
  };
  [seen, convolved, kept, pooled].forEach(follow);
  const silence = listen(model, el, {
    offer({ able }) {
      body.hidden = !able;
      if (!able) here.textContent = "";
      now = null;
      stale = able;
      if (stale && inSight) {
        stale = false;
        ask();
      }
    },
    steps(message, [picture, lut, first, second, third, colours, ...thumbs]) {
      stale = false;
      body.ariaBusy = "false";
      shelf.free();
      const colourTable = numbers(lut, Uint8Array);
      const values = [first, second, third].map((each) => numbers(each, Float32Array));
      now = { ...message, values, colours: colours && numbers(colours, Float32Array) };
      const { channel, filter: has } = message;
      const [height, width] = message.shape;
      const low = Math.min(...values[0]);
      const high = Math.max(...values[0]);
      const negative = values[0].filter((value) => value < 0).length / values[0].length;
      seen.picture.onload = point;
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
        filter.words.textContent = `Filter ${channel}: ${has.side} × ${has.side} × 3 numbers that training has found; brighter than grey counts for, darker against. Beside it the patch under it.`;
      }
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
      const top = values[0].indexOf(high);
      place = [Math.floor(top / width), top % width];
      point();
    },
    error() {
      body.ariaBusy = "false";
      if (!now) here.textContent = "";
    },
    clear() {
      shelf.free();
      now = null;
      seen.picture.removeAttribute("src");
      for (const { picture } of [convolved, kept, pooled]) picture.width += 0;
      patch.width += 0;
      here.textContent = "";
      for (const { words } of [convolved, kept, pooled]) words.textContent = "";
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
