import { drawBox, hearMissed, tellMissed } from "./missed.js";
import { element, listen, pictures } from "./shared.js";

const HIGH = 0.1; // of the photo's height: above such a box a number would be cut off
const percent = (share) => `${(100 * share).toFixed(3)}%`;

function render({ model, el, signal }) {
  const shelf = pictures();
  const image = element("img", { alt: "Your photo" });
  const boxes = element("div", { className: "boxes", role: "group", ariaLabel: "Faces found" });
  const frame = element("div", { className: "frame" }, image, boxes);
  const caption = element("figcaption", { className: "small" });
  const hints = element("ul", { className: "hints" });
  const more = element("button", { type: "button", className: "more", hidden: true }, "A face is missing? Draw its box");
  const drawn = element("p", { className: "small", ariaLive: "polite", hidden: true });
  const giveUp = element("button", { type: "button", hidden: true }, "Stop drawing");
  const figure = element("figure", { hidden: true }, drawn, frame, giveUp, caption, more, hints);
  el.classList.add("facelens", "picture");
  el.append(figure);
  let faces = { boxes: [], hints: [] };
  let answered = false;
  let sheet = null;
  const dim = (on) => el.closest(".facelens-page")?.classList.toggle("facelens-turning", on);

  /** Have a box drawn around a face that was not found; the intake asks for its answer. */
  const byHand = () => {
    if (sheet || figure.hidden) return;
    const before = document.activeElement;
    const busy = (on) => {
      figure.classList.toggle("by-hand", on);
      drawn.hidden = giveUp.hidden = !on;
      more.hidden = on || !faces.more || !faces.boxes.length;
    };
    busy(true);
    sheet = drawBox(frame, (text) => { drawn.textContent = text; }, (box) => {
      sheet = null;
      busy(false);
      before?.focus({ preventScroll: true });
      if (box) tellMissed(el, { box });
    });
    figure.scrollIntoView({ block: "nearest" });
  };
  more.onclick = byHand;
  giveUp.onclick = () => sheet?.end();
  hearMissed(el, signal, ({ draw: asked }) => { if (asked) byHand(); });

  const draw = (message, [buffer]) => {
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
          element("span", { ariaHidden: "true" }, String(index + 1)),
        );
        Object.assign(box.style, {
          left: percent(x), top: percent(y), width: percent(w), height: percent(h),
        });
        box.onclick = () => {
          pick({ index });
          if (answered) dim(true);
          model.send({ kind: "pick", index });
        };
        return box;
      }),
    );
    caption.textContent = message.boxes.length > 1
      ? `${message.boxes.length} faces, numbered by size. Click a face to read it.`
      : "";
    hints.replaceChildren();
    more.hidden = !message.more || !message.boxes.length;
    figure.hidden = false;
  };

  const pick = ({ index }) => {
    [...boxes.children].forEach((box, i) => { box.ariaPressed = String(i === index); });
    hints.replaceChildren(...(faces.hints[index] ?? []).map((hint) => element("li", {}, hint)));
  };

  const silence = listen(model, el, {
    photo: draw,
    picked(message) {
      answered = true;
      dim(false);
      pick(message);
    },
    error() { dim(false); },
    clear() {
      sheet?.end();
      answered = false;
      dim(false);
      shelf.free();
      figure.hidden = true;
      image.removeAttribute("src");
      boxes.replaceChildren();
      hints.replaceChildren();
      faces = { boxes: [], hints: [] };
    },
  });
  return () => {
    silence();
    shelf.free();
  };
}

export default { render };
