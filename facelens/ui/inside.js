import { blocks } from "./blocks.js";
import { element, listen, pictures, two, watchNear } from "./shared.js";

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
  const enlarged = element("figure", { className: "enlarged" },
    element("div", { className: "frame" }, under, large),
    element("figcaption", { className: "small" }, "How much this filter answers at each place of the face."),
    element("div", { className: "tools" },
      element("label", { className: "small" }, over, "Over the face"), strength));
  const grid = element("div", { className: "grid", role: "group", ariaLabel: "Feature maps of this layer" });
  const scale = element("div", { className: "scale small" },
    element("span", {}, "least"), element("i", { ariaHidden: "true" }), element("span", {}, "most of its own map"));
  const open = element("div", { className: "open", hidden: true }, title, facts, enlarged);
  const body = element("section", { className: "card", hidden: true },
    element("h2", {}, "Inside the network"),
    element("p", { className: "small lead" },
      "Your face passes through the network from left to right: its maps get smaller and more, what is found matters more, where exactly matters less. Choose a layer to look at."),
    network.node, caption, element("div", { className: "maps" }, open, element("div", {}, grid, scale)));
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
      ["at or below zero", `${Math.round(100 * map.silent)} %`],
    ];
    facts.replaceChildren(...rows.map(([name, value]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, value))));
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
      const shown = count < channels
        ? `The ${count} of ${channels} feature maps that change most from place to place (by standard deviation)`
        : `All ${channels} feature maps, those first that change most from place to place (by standard deviation)`;
      caption.replaceChildren(element("b", {}, `${message.title}. `),
        `${message.caption} ${shown}; ${width} × ${height} fields each.`);
      grid.style.setProperty("--shape", `${width} / ${height}`);
      grid.replaceChildren(...message.maps.map((map, i) => {
        const url = shelf.url(buffers[i], "image/png");
        const tile = element("button", { type: "button", ariaLabel: `Enlarge feature map ${map.channel}` },
          element("img", { src: url, alt: "" }));
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
    },
  });
  return () => {
    silence();
    shelf.free();
    faces.free();
  };
}

export default { render };
