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

// inside.js
function render({ model, el, signal }) {
  const shelf = pictures();
  const faces = pictures();
  const select = element("select", { ariaLabel: "Layer to look at" });
  const head = element(
    "div",
    { className: "head" },
    element("h2", {}, "Inside the network"),
    select
  );
  const caption = element("p", { className: "small", ariaLive: "polite" });
  const large = element("img", { alt: "", className: "map" });
  const under = element("img", { alt: "", className: "face" });
  const largeCaption = element("figcaption", { className: "small" });
  const facts = element("dl", { className: "small" });
  const over = element("input", { type: "checkbox" });
  const strength = element("input", { type: "range", min: "0", max: "1", step: "0.05", value: "0.6", ariaLabel: "Strength of the map over the face" });
  const enlarged = element(
    "figure",
    { className: "enlarged", hidden: true },
    element("div", { className: "frame" }, under, large),
    element(
      "div",
      {},
      largeCaption,
      facts,
      element(
        "div",
        { className: "tools" },
        element("label", { className: "small" }, over, "Over the face"),
        strength
      )
    )
  );
  const grid = element("div", { className: "grid" });
  const scale = element(
    "div",
    { className: "scale small" },
    element("span", {}, "least"),
    element("i", { ariaHidden: "true" }),
    element("span", {}, "most of its own map")
  );
  const body = element(
    "section",
    { className: "card", hidden: true },
    head,
    caption,
    enlarged,
    grid,
    scale
  );
  el.classList.add("facelens", "inside");
  el.append(body);
  let stale = false;
  let inSight = false;
  const ask = () => {
    if (!stale || !inSight || !select.value) return;
    stale = false;
    grid.ariaBusy = "true";
    if (!grid.children.length) caption.textContent = "Looking into the network…";
    model.send({ kind: "ask", name: select.value });
  };
  const watcher = new IntersectionObserver((entries) => {
    inSight = entries.at(-1).isIntersecting;
    ask();
  }, { rootMargin: "200px" });
  watcher.observe(body);
  signal.addEventListener("abort", () => watcher.disconnect());
  select.onchange = () => {
    stale = true;
    ask();
  };
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
    largeCaption.textContent = `Feature map ${map.channel}: how much one filter of this layer answers at each place.`;
    const rows = [
      ["lowest (dark)", two(map.low)],
      ["highest (bright)", two(map.high)],
      ["mean", two(map.mean)],
      ["deviation", two(map.deviation)],
      ["fields at or below zero", `${Math.round(100 * map.silent)} of 100`]
    ];
    facts.replaceChildren(...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
    lay();
    enlarged.hidden = false;
  };
  const silence = listen(model, el, {
    layers(message, [crop]) {
      const before = select.value;
      faces.free();
      under.src = faces.url(crop, "image/jpeg");
      select.replaceChildren(...message.layers.map(([value, text]) => element("option", { value }, text)));
      if (message.layers.some(([name]) => name === before)) select.value = before;
      body.hidden = message.layers.length === 0;
      stale = true;
      ask();
    },
    layer(message, buffers) {
      stale = false;
      shelf.free();
      select.value = message.name;
      const [channels, height, width] = message.shape;
      const shown = message.maps.length < channels ? `The ${message.maps.length} of ${channels} feature maps that answer most to this face` : `All ${channels} feature maps`;
      caption.textContent = `${message.caption} ${shown}, ${width} × ${height} fields each; strongest first.`;
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
      enlarged.hidden = true;
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
