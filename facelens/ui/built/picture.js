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

// picture.js
var percent = (share) => `${(100 * share).toFixed(3)}%`;
function render({ model, el }) {
  const shelf = pictures();
  const image = element("img", { alt: "Your photo" });
  const boxes = element("div", { className: "boxes", role: "group", ariaLabel: "Faces found" });
  const frame = element("div", { className: "frame" }, image, boxes);
  const caption = element("figcaption", { className: "small" });
  const hints = element("ul", { className: "hints" });
  const figure = element("figure", { hidden: true }, frame, caption, hints);
  el.classList.add("facelens", "picture");
  el.append(figure);
  let faces = { boxes: [], hints: [] };
  let answered = false;
  const dim = (on) => el.closest(".facelens-page")?.classList.toggle("facelens-turning", on);
  const draw = (message, [buffer]) => {
    shelf.free();
    answered = false;
    faces = message;
    image.src = shelf.url(buffer, "image/jpeg");
    frame.style.aspectRatio = `${message.width} / ${message.height}`;
    frame.style.setProperty("--shape", message.width / message.height);
    boxes.replaceChildren(
      ...message.boxes.map(([x, y, w, h], index) => {
        const box = element(
          "button",
          { type: "button", className: "box", ariaLabel: `Face ${index + 1}` },
          element("span", { ariaHidden: "true" }, String(index + 1))
        );
        Object.assign(box.style, {
          left: percent(x),
          top: percent(y),
          width: percent(w),
          height: percent(h)
        });
        box.onclick = () => {
          pick({ index });
          if (answered) dim(true);
          model.send({ kind: "pick", index });
        };
        return box;
      })
    );
    caption.textContent = message.boxes.length > 1 ? `${message.boxes.length} faces, numbered by size. Click a face to read it.` : "";
    hints.replaceChildren();
    figure.hidden = false;
  };
  const pick = ({ index }) => {
    [...boxes.children].forEach((box, i) => {
      box.ariaPressed = String(i === index);
    });
    hints.replaceChildren(...(faces.hints[index] ?? []).map((hint) => element("li", {}, hint)));
  };
  const silence = listen(model, el, {
    photo: draw,
    picked(message) {
      answered = true;
      dim(false);
      pick(message);
    },
    error() {
      dim(false);
    },
    clear() {
      answered = false;
      dim(false);
      shelf.free();
      figure.hidden = true;
      image.removeAttribute("src");
      boxes.replaceChildren();
      hints.replaceChildren();
      faces = { boxes: [], hints: [] };
    }
  });
  return () => {
    silence();
    shelf.free();
  };
}
var picture_default = { render };
export {
  picture_default as default
};
