import { drawBox, hearMissed, tellMissed } from "./missed.js";
import { element, listen, pictures } from "./shared.js";

const HIGH = 0.1; // of the photo's height: above such a box a number would be cut off
const SMALL = 36; // px on the page: a narrower face is hard to hit, and a number hides its neighbour
const TOUCHED = matchMedia("(pointer: coarse)").matches;
const percent = (share) => `${(100 * share).toFixed(3)}%`;

function render({ model, el, signal }) {
  const shelf = pictures();
  const image = element("img", { alt: "Your photo" });
  const boxes = element("div", { className: "boxes", role: "group", ariaLabel: "Faces found" });
  const frame = element("div", { className: "frame" }, image, boxes);
  // The boxes are the same, for the keyboard and for who listens.
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

  /** Show the faces below the photo where they are too small in it. */
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
          element("span", { ariaHidden: "true" }, String(index + 1)),
        );
        Object.assign(box.style, {
          left: percent(x), top: percent(y), width: percent(w), height: percent(h),
        });
        box.onclick = () => choose(index);
        return box;
      }),
    );
    close.replaceChildren(...portraits.map((portrait, index) => {
      const button = element("button", { type: "button", tabIndex: -1 },
        element("img", { src: shelf.url(portrait, "image/jpeg"), alt: "" }), element("span", {}, String(index + 1)));
      button.onclick = () => choose(index);
      return button;
    }));
    caption.textContent = message.boxes.length > 1
      ? `${message.boxes.length} faces, numbered by size. ${TOUCHED ? "Tap" : "Click"} a face to read it.`
      : "";
    hints.replaceChildren();
    more.hidden = !message.more || !message.boxes.length;
    figure.hidden = false;
    crowd();
  };

  const pick = ({ index }) => {
    for (const row of [boxes, close]) [...row.children].forEach((each, i) => { each.ariaPressed = String(i === index); });
    const button = close.children[index];
    if (button) close.scrollTo({ left: button.offsetLeft - (close.clientWidth - button.offsetWidth) / 2, top: button.offsetTop });
    hints.replaceChildren(...(faces.hints[index] ?? []).map((hint) => element("li", {}, hint)));
  };

  const silence = listen(model, el, {
    photo: draw,
    hints(message) {
      faces = { ...faces, hints: message.hints };
      pick({ index: [...boxes.children].findIndex((each) => each.ariaPressed === "true") });
    },
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
      close.replaceChildren();
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
