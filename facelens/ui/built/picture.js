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

// missed.js
var KIND = "facelens-missed";
var LEAST = 0.02;
var STEP = 0.02;
var pageOf = (node) => node.closest(".facelens-page");
var percent = (share) => `${(100 * share).toFixed(2)}%`;
function tellMissed(el, detail) {
  el.dispatchEvent(new CustomEvent(KIND, { bubbles: true, detail }));
}
function hearMissed(el, signal, hear) {
  document.addEventListener(KIND, ({ target, detail }) => {
    if (target !== el && pageOf(target) === pageOf(el)) hear(detail);
  }, { signal });
}
function drawBox(frame, say, done) {
  const outline = element("i", { hidden: true });
  const sheet = element("div", { className: "drawing", tabIndex: 0, role: "application", ariaLabel: "Draw a box around the face" }, outline);
  let corner = null;
  let at = { x: 0.5, y: 0.5 };
  const placeOf = ({ clientX, clientY }) => {
    const { left, top, width, height } = sheet.getBoundingClientRect();
    const share = (value) => Math.min(1, Math.max(0, value));
    return { x: share((clientX - left) / width), y: share((clientY - top) / height) };
  };
  const boxTo = (end) => [
    Math.min(corner.x, end.x),
    Math.min(corner.y, end.y),
    Math.abs(end.x - corner.x),
    Math.abs(end.y - corner.y)
  ];
  const paint = () => {
    const [x, y, w, h] = corner ? boxTo(at) : [at.x, at.y, 0, 0];
    Object.assign(outline.style, { left: percent(x), top: percent(y), width: percent(w), height: percent(h) });
    outline.hidden = false;
  };
  const leave = (box) => {
    sheet.remove();
    done(box);
  };
  const mark = () => {
    if (corner) {
      const box = boxTo(at);
      if (Math.min(box[2], box[3]) >= LEAST) {
        leave(box);
        return;
      }
    }
    corner = at;
    paint();
    say("Now the opposite corner.");
  };
  sheet.onpointerdown = (event) => {
    sheet.setPointerCapture(event.pointerId);
    at = placeOf(event);
    corner ??= at;
    paint();
  };
  sheet.onpointermove = (event) => {
    if (!corner) return;
    at = placeOf(event);
    paint();
  };
  sheet.onpointerup = (event) => {
    if (!corner) return;
    at = placeOf(event);
    mark();
  };
  sheet.onpointercancel = () => {
    corner = null;
    outline.hidden = true;
  };
  sheet.onkeydown = (event) => {
    const step = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (step) {
      at = { x: Math.min(1, Math.max(0, at.x + step[0])), y: Math.min(1, Math.max(0, at.y + step[1])) };
      paint();
    } else if (event.key === "Enter" || event.key === " ") {
      mark();
    } else if (event.key === "Escape") {
      leave(null);
    } else {
      return;
    }
    event.preventDefault();
  };
  frame.append(sheet);
  say("Touch two opposite corners of the face, or drag from one to the other: from the eyebrows to the chin.");
  sheet.focus({ preventScroll: true });
  return { end: () => leave(null) };
}

// picture.js
var HIGH = 0.1;
var SMALL = 36;
var TOUCHED = matchMedia("(pointer: coarse)").matches;
var percent2 = (share) => `${(100 * share).toFixed(3)}%`;
function render({ model, el, signal }) {
  const shelf = pictures();
  const image = element("img", { alt: "Your photo" });
  const boxes = element("div", { className: "boxes", role: "group", ariaLabel: "Faces found" });
  const frame = element("div", { className: "frame" }, image, boxes);
  const close = element("div", { className: "faces", ariaHidden: "true" });
  const caption = element("figcaption", { className: "small" });
  const hints = element("ul", { className: "hints" });
  const more = element("button", { type: "button", className: "more", hidden: true }, "A face is missing? Draw its box");
  const drawn = element("p", { className: "small", ariaLive: "polite", hidden: true });
  const giveUp = element("button", { type: "button", hidden: true }, "Stop drawing");
  const figure = element("figure", { hidden: true }, drawn, frame, giveUp, caption, close, more, hints);
  el.classList.add("facelens", "picture");
  el.append(figure);
  let faces = { boxes: [], hints: [] };
  let answered = false;
  let sheet = null;
  const dim = (on) => el.closest(".facelens-page")?.classList.toggle("facelens-turning", on);
  const byHand = () => {
    if (sheet || figure.hidden) return;
    const before = document.activeElement;
    const busy = (on) => {
      figure.classList.toggle("by-hand", on);
      drawn.hidden = giveUp.hidden = !on;
      more.hidden = on || !faces.more || !faces.boxes.length;
    };
    busy(true);
    sheet = drawBox(frame, (text) => {
      drawn.textContent = text;
    }, (box) => {
      sheet = null;
      busy(false);
      before?.focus({ preventScroll: true });
      if (box) tellMissed(el, { box });
    });
    figure.scrollIntoView({ block: "nearest" });
  };
  more.onclick = byHand;
  giveUp.onclick = () => sheet?.end();
  hearMissed(el, signal, ({ draw: asked }) => {
    if (asked) byHand();
  });
  const crowd = () => {
    const { width } = frame.getBoundingClientRect();
    const narrow = faces.boxes.length > 1 && faces.boxes.some(([, , w]) => w * width < SMALL);
    figure.classList.toggle("crowd", narrow);
  };
  const sized = new ResizeObserver(crowd);
  sized.observe(frame);
  signal.addEventListener("abort", () => sized.disconnect());
  const choose = (index) => {
    pick({ index });
    if (answered) dim(true);
    model.send({ kind: "pick", index });
  };
  const draw = (message, [buffer, ...portraits]) => {
    sheet?.end();
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
          { type: "button", className: y < HIGH ? "box high" : "box", ariaLabel: `Face ${index + 1}` },
          element("span", { ariaHidden: "true" }, String(index + 1))
        );
        Object.assign(box.style, {
          left: percent2(x),
          top: percent2(y),
          width: percent2(w),
          height: percent2(h)
        });
        box.onclick = () => choose(index);
        return box;
      })
    );
    close.replaceChildren(...portraits.map((portrait, index) => {
      const button = element(
        "button",
        { type: "button", tabIndex: -1 },
        element("img", { src: shelf.url(portrait, "image/jpeg"), alt: "" }),
        element("span", {}, String(index + 1))
      );
      button.onclick = () => choose(index);
      return button;
    }));
    caption.textContent = message.boxes.length > 1 ? `${message.boxes.length} faces, numbered by size. ${TOUCHED ? "Tap" : "Click"} a face to read it.` : "";
    hints.replaceChildren();
    more.hidden = !message.more || !message.boxes.length;
    figure.hidden = false;
    crowd();
  };
  const pick = ({ index }) => {
    for (const row of [boxes, close]) [...row.children].forEach((each, i) => {
      each.ariaPressed = String(i === index);
    });
    const button = close.children[index];
    if (button) close.scrollTo({ left: button.offsetLeft - (close.clientWidth - button.offsetWidth) / 2, top: button.offsetTop });
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
      sheet?.end();
      answered = false;
      dim(false);
      shelf.free();
      figure.hidden = true;
      image.removeAttribute("src");
      boxes.replaceChildren();
      close.replaceChildren();
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
