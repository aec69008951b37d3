const short = (value) => value.toFixed(2);

function render({ model, el, signal }) {
  const shelf = pictures();
  const select = element("select", { ariaLabel: "Layer to look at" });
  const head = element("div", { className: "head" },
    element("h2", {}, "Inside the network"), select);
  const caption = element("p", { className: "small", ariaLive: "polite" });
  const large = element("img", { alt: "" });
  const largeCaption = element("figcaption", { className: "small" });
  const close = element("button", { type: "button" }, "Close");
  const enlarged = element("figure", { className: "enlarged", hidden: true },
    large, element("div", {}, largeCaption, close));
  const grid = element("div", { className: "grid" });
  const scale = element("div", { className: "scale small" },
    element("span", {}, "least"), element("i", { ariaHidden: "true" }), element("span", {}, "most of its own map"));
  const body = element("section", { className: "card", hidden: true },
    head, caption, enlarged, grid, scale);
  el.classList.add("facelens", "inside");
  el.append(body);

  let stale = false;
  let inSight = false;
  const ask = () => {
    if (!stale || !inSight || !select.value) return;
    stale = false;
    grid.ariaBusy = "true";
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
  close.onclick = () => { enlarged.hidden = true; };

  const enlarge = (map, url) => {
    large.src = url;
    large.alt = `Feature map ${map.channel}`;
    largeCaption.textContent = `Feature map ${map.channel}: from ${short(map.low)} (dark)`
      + ` to ${short(map.high)} (bright), mean ${short(map.mean)}.`;
    enlarged.hidden = false;
  };

  const silence = listen(model, el, {
    layers(message) {
      const before = select.value;
      select.replaceChildren(...message.layers.map(([value, text]) => element("option", { value }, text)));
      if (message.layers.some(([name]) => name === before)) select.value = before;
      body.hidden = message.layers.length === 0;
      stale = true;
      ask();
    },
    layer(message, buffers) {
      stale = false;
      shelf.free();
      enlarged.hidden = true;
      select.value = message.name;
      const [channels, height, width] = message.shape;
      const shown = message.maps.length < channels
        ? `The ${message.maps.length} of ${channels} feature maps that answer most to this face`
        : `All ${channels} feature maps`;
      caption.textContent = `${message.caption} ${shown}, ${width} × ${height} fields each; strongest first.`;
      grid.style.setProperty("--shape", `${width} / ${height}`);
      grid.replaceChildren(...message.maps.map((map, i) => {
        const url = shelf.url(buffers[i], "image/png");
        const tile = element("button", { type: "button", ariaLabel: `Enlarge feature map ${map.channel}` },
          element("img", { src: url, alt: "" }));
        tile.onclick = () => enlarge(map, url);
        return tile;
      }));
      grid.ariaBusy = "false";
    },
    error() { grid.ariaBusy = "false"; },
    clear() {
      shelf.free();
      grid.replaceChildren();
      body.hidden = true;
    },
  });
  return () => {
    silence();
    shelf.free();
  };
}

export default { render };
