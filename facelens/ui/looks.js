function render({ model, el }) {
  const crops = pictures();
  const maps = pictures();
  const crop = element("img", { alt: "The face, laid straight", width: 178, height: 218 });
  const cropCaption = element("figcaption", { className: "small" });
  const map = element("img", { alt: "", width: 178, height: 218 });
  const scale = element("div", { className: "scale small" },
    element("span", {}, "nothing"), element("i", { ariaHidden: "true" }), element("span", {}, "speaks for it"));
  const select = element("select", { ariaLabel: "Attribute to look at" });
  const head = element("div", { className: "head" },
    element("h2", {}, "Where it looks for"), select);
  const caption = element("p", { className: "small", ariaLive: "polite" });
  const pair = element("div", { className: "pair" },
    element("figure", {}, crop, cropCaption),
    element("figure", {}, map, scale));
  const body = element("section", { className: "card", hidden: true }, head, pair, caption);
  el.classList.add("facelens", "looks");
  el.append(body);

  const choose = (name, label) => {
    if (![...select.options].some((option) => option.value === name)) {
      select.append(element("option", { value: name }, label));
    }
    select.value = name;
  };
  select.onchange = () => model.send({ kind: "choose", name: select.value });

  const silence = listen(model, el, {
    crop(message, [buffer]) {
      crops.free();
      crop.src = crops.url(buffer, "image/jpeg");
      cropCaption.textContent = message.alone
        ? "The face, laid straight: all that the network sees."
        : `Face ${message.number}, laid straight: all that the network sees.`;
      select.replaceChildren(...message.names
        .toSorted((a, b) => a[1].localeCompare(b[1]))
        .map(([value, text]) => element("option", { value }, text)));
      body.hidden = false;
    },
    map(message, [buffer]) {
      maps.free();
      map.src = maps.url(buffer, "image/png");
      map.alt = `What speaks for “${message.label}” in this face`;
      choose(message.name, message.label);
      scale.hidden = message.blank;
      const score = `Score (logit) ${message.logit.toFixed(2)}, probability ${message.probability.toFixed(2)}`;
      caption.textContent = message.blank
        ? `${score}. The map is blank: no part of this face speaks for “${message.label}”, every part speaks against it.`
        : `${score}. Class activation map of the last layer, ${message.width} × ${message.height} fields;`
          + ` the brightest gives ${message.top.toFixed(1)}. The mean over all fields and one constant make up the score.`;
    },
    clear() {
      crops.free();
      maps.free();
      crop.removeAttribute("src");
      map.removeAttribute("src");
      body.hidden = true;
    },
  });
  return () => {
    silence();
    crops.free();
    maps.free();
  };
}

export default { render };
