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
function watchNear(el, signal, tell) {
  const watcher = new IntersectionObserver((entries) => tell(entries.at(-1).isIntersecting), { rootMargin: "200px" });
  watcher.observe(el);
  signal.addEventListener("abort", () => watcher.disconnect());
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

// blocks.js
var SVG = "http://www.w3.org/2000/svg";
var SCALE = 4.8;
var APART = 3;
function shape(tag, properties) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(properties)) node.setAttribute(key, value);
  return node;
}
function stack(channels, height, width) {
  const [tall, wide] = [height, width].map((side) => Math.round(SCALE * Math.sqrt(side)));
  const sheets = Math.min(9, Math.max(1, Math.round(Math.log2(channels)) - 2));
  const depth = APART * (sheets - 1);
  const svg = shape("svg", {
    width: wide + depth + 2,
    height: tall + depth + 2,
    viewBox: `-1 -1 ${wide + depth + 2} ${tall + depth + 2}`,
    "aria-hidden": "true"
  });
  for (let i = sheets - 1; i >= 0; i -= 1) {
    svg.append(shape("rect", { x: APART * i, y: APART * (sheets - 1 - i), width: wide, height: tall, rx: 1.5 }));
  }
  return svg;
}
var words = (title, ...lines) => [
  element("span", { className: "title" }, title),
  ...lines.map((line) => element("span", { className: "size" }, line))
];
function blocks(open) {
  const list = element("ol", { className: "blocks", ariaLabel: "The network, from the face to the answers" });
  let buttons = /* @__PURE__ */ new Map();
  return {
    node: list,
    draw({ layers, size: [height, width], answers }, face) {
      const picture = element("img", { src: face, alt: "" });
      picture.style.height = `${Math.round(SCALE * Math.sqrt(height))}px`;
      buttons = new Map(layers.map(([name, title, [channels, tall, wide]]) => {
        const button = element(
          "button",
          { type: "button", ariaPressed: "false" },
          element("span", { className: "drawing" }, stack(channels, tall, wide)),
          ...words(title, `${channels} maps`, `${wide} × ${tall}`)
        );
        button.onclick = () => open(name);
        return [name, button];
      }));
      const count = layers.length + 2;
      const columns = { "--all": count, "--half": Math.ceil(count / 2), "--few": Math.ceil(count / Math.ceil(count / 4)) };
      for (const [key, value] of Object.entries(columns)) list.style.setProperty(key, value);
      list.replaceChildren(
        element("li", {}, element("span", { className: "drawing" }, picture), ...words("Your face", "3 colours", `${width} × ${height}`)),
        ...[...buttons.values()].map((button) => element("li", {}, button)),
        element("li", {}, element("span", { className: "drawing" }, stack(answers, 4, 4)), ...words("Answers", String(answers)))
      );
    },
    /** Mark layer `name` as the one that is shown. */
    mark(name) {
      for (const [each, button] of buttons) button.ariaPressed = String(each === name);
    },
    clear() {
      list.replaceChildren();
      buttons = /* @__PURE__ */ new Map();
    }
  };
}

// inside.js
function render({ model, el, signal }) {
  const shelf = pictures();
  const faces = pictures();
  let wanted = "";
  const network = blocks((name) => {
    wanted = name;
    stale = true;
    ask();
  });
  const caption = element("p", { className: "small", ariaLive: "polite" });
  const large = element("img", { alt: "", className: "map" });
  const under = element("img", { alt: "", className: "face" });
  const title = element("h3", {});
  const facts = element("dl", { className: "facts small" });
  const over = element("input", { type: "checkbox" });
  const strength = element("input", { type: "range", min: "0", max: "1", step: "0.05", value: "0.6", ariaLabel: "Strength of the map over the face" });
  const enlarged = element(
    "figure",
    { className: "enlarged" },
    element("div", { className: "frame" }, under, large),
    element("figcaption", { className: "small" }, "How much this filter answers at each place of the face."),
    element(
      "div",
      { className: "tools" },
      element("label", { className: "small" }, over, "Over the face"),
      strength
    )
  );
  const grid = element("div", { className: "grid", role: "group", ariaLabel: "Feature maps of this layer" });
  const scale = element(
    "div",
    { className: "scale small" },
    element("span", {}, "least"),
    element("i", { ariaHidden: "true" }),
    element("span", {}, "most of its own map")
  );
  const open = element("div", { className: "open", hidden: true }, title, facts, enlarged);
  const body = element(
    "section",
    { className: "card", hidden: true },
    element("h2", {}, "Inside the network"),
    element(
      "p",
      { className: "small lead" },
      "Your face passes through the network from left to right: its maps get smaller and more, what is found matters more, where exactly matters less. Choose a layer to look at."
    ),
    network.node,
    caption,
    element("div", { className: "maps" }, open, element("div", {}, grid, scale))
  );
  el.classList.add("facelens", "inside");
  el.append(body);
  let stale = false;
  let inSight = false;
  const ask = () => {
    if (!stale || !inSight || !wanted) return;
    stale = false;
    grid.ariaBusy = "true";
    if (!grid.children.length) caption.textContent = "Looking into the network…";
    model.send({ kind: "ask", name: wanted });
  };
  watchNear(body, signal, (near) => {
    inSight = near;
    ask();
  });
  const lay = () => {
    under.hidden = !over.checked;
    strength.disabled = !over.checked;
    large.style.opacity = over.checked ? strength.value : "";
    large.classList.toggle("smooth", over.checked);
  };
  over.onchange = lay;
  strength.oninput = lay;
  const enlarge = (map, url, tile) => {
    for (const each of grid.children) each.ariaPressed = String(each === tile);
    large.src = url;
    large.alt = `Feature map ${map.channel}`;
    title.textContent = `Feature map ${map.channel}`;
    const rows = [
      ["lowest (dark)", two(map.low)],
      ["highest (bright)", two(map.high)],
      ["mean", two(map.mean)],
      ["standard deviation", two(map.deviation)],
      ["at or below zero", `${Math.round(100 * map.silent)} %`]
    ];
    facts.replaceChildren(...rows.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
    lay();
    open.hidden = false;
  };
  const silence = listen(model, el, {
    layers(message, [crop]) {
      faces.free();
      under.src = faces.url(crop, "image/jpeg");
      network.draw(message, under.src);
      const names = message.layers.map(([name]) => name);
      if (!names.includes(wanted)) wanted = names[0] ?? "";
      network.mark(wanted);
      body.hidden = names.length === 0;
      stale = true;
      ask();
    },
    layer(message, buffers) {
      stale = false;
      shelf.free();
      wanted = message.name;
      network.mark(wanted);
      const [channels, height, width] = message.shape;
      const count = message.maps.length;
      const shown = count < channels ? `The ${count} of ${channels} feature maps that change most from place to place (by standard deviation)` : `All ${channels} feature maps, those first that change most from place to place (by standard deviation)`;
      caption.replaceChildren(
        element("b", {}, `${message.title}. `),
        `${message.caption} ${shown}; ${width} × ${height} fields each.`
      );
      grid.style.setProperty("--shape", `${width} / ${height}`);
      grid.replaceChildren(...message.maps.map((map, i) => {
        const url = shelf.url(buffers[i], "image/png");
        const tile = element(
          "button",
          { type: "button", ariaLabel: `Enlarge feature map ${map.channel}` },
          element("img", { src: url, alt: "" })
        );
        tile.onclick = () => enlarge(map, url, tile);
        return tile;
      }));
      grid.firstChild?.click();
      grid.ariaBusy = "false";
    },
    error() {
      grid.ariaBusy = "false";
      if (!grid.children.length) caption.textContent = "";
    },
    clear() {
      shelf.free();
      faces.free();
      under.removeAttribute("src");
      large.removeAttribute("src");
      open.hidden = true;
      network.clear();
      grid.replaceChildren();
      facts.replaceChildren();
      body.hidden = true;
    }
  });
  return () => {
    silence();
    shelf.free();
    faces.free();
  };
}
var inside_default = { render };
export {
  inside_default as default
};
