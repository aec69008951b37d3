// Where no face was found, or one was missed: the intake asks for another search, the picture has a
// box drawn by hand.
import { element } from "./shared.js";

const KIND = "facelens-missed";
const LEAST = 0.02; // of the photo's sides: what is drawn smaller is a touch
const STEP = 0.02; // by which an arrow key moves the corner
const pageOf = (node) => node.closest(".facelens-page");
const percent = (share) => `${(100 * share).toFixed(2)}%`;

/** Tell the other view of this page: `{ draw: true }`, or the `{ box }` that was drawn. */
export function tellMissed(el, detail) {
  el.dispatchEvent(new CustomEvent(KIND, { bubbles: true, detail }));
}

/** Call `hear(detail)` when another view of this page tells so. */
export function hearMissed(el, signal, hear) {
  document.addEventListener(KIND, ({ target, detail }) => {
    if (target !== el && pageOf(target) === pageOf(el)) hear(detail);
  }, { signal });
}

/** What may be tried where no face was found: `ask(how)`, or `draw()` a box. */
export function offers(ask, draw) {
  const make = (text, onclick) => Object.assign(element("button", { type: "button" }, text), { onclick });
  return element(
    "div",
    { className: "offers", role: "group", ariaLabel: "What you can try", hidden: true },
    make("Rotate by 90°", () => ask("rotate")),
    make("Search finer", () => ask("finer")),
    make("Draw the box", draw),
  );
}

/**
 * Let a person draw a box over the picture in `frame`: two touches on opposite corners, a drag, or
 * arrow keys and Enter. `done(box)` gets x, y, width and height in shares of the picture, or null if
 * it was given up; `say(text)` what to do next.
 */
export function drawBox(frame, say, done) {
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
    Math.min(corner.x, end.x), Math.min(corner.y, end.y),
    Math.abs(end.x - corner.x), Math.abs(end.y - corner.y),
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
