// Of `camera`: the boxes that other tasks have found. One that is a face's lends it letter and colour; the
// others are drawn by themselves.
import { summary } from "./kinds.js";
import { markLine, paintLetter } from "./overlay.js";
import { element } from "./shared.js";

const EASE = 60; // ms in which a box comes two thirds of the way, as a face's does
const GONE = 250; // ms that one fades after it was last seen

/** The boxes of the moving picture, and a line that says how many of which kind there are. */
export function foundBoxes() {
  const line = element("p", { className: "small found", hidden: true });
  const loose = new Map();
  let all = [];
  return {
    line,
    /** Take in the boxes of a frame; `shown` faces by number. */
    hear(boxes, shown, now) {
      all = boxes;
      for (const face of shown.values()) face.mark = null;
      for (const each of loose.values()) each.left ??= now;
      for (const box of boxes) {
        const face = shown.get(box.face);
        const key = `${box.task} ${box.number}`;
        if (face) {
          face.mark = box;
          loose.delete(key);
          continue;
        }
        const known = loose.get(key) ?? { place: box.box };
        loose.set(key, Object.assign(known, { mark: box, target: box.box, left: null }));
      }
    },
    /** Paint those that are no face's. */
    paint(view, { stands }) {
      const { context, wide, ratio, to, flip, now, passed } = view;
      const share = stands ? 1 : 1 - Math.exp(-passed / EASE);
      for (const [key, each] of loose) {
        if (each.left && (stands || now - each.left > GONE)) {
          loose.delete(key);
          continue;
        }
        each.place = each.place.map((value, i) => value + share * (each.target[i] - value));
        const [x, y, w, h] = each.place;
        const box = { x: (flip ? wide / to.x - x - w : x) * to.x, y: y * to.y, w: w * to.x, h: h * to.y };
        context.globalAlpha = each.left ? Math.max(0, 1 - (now - each.left) / GONE) : 1;
        context.lineWidth = 4 * ratio;
        context.strokeStyle = "#00000070";
        context.strokeRect(box.x, box.y, box.w, box.h);
        context.lineWidth = 2 * ratio;
        markLine(context, each.mark, ratio);
        context.strokeRect(box.x, box.y, box.w, box.h);
        context.setLineDash([]);
        paintLetter(view, box, each.mark);
      }
      context.globalAlpha = 1;
    },
    /** Write how many there are. */
    write() {
      const kinds = [];
      for (const { kind, among } of all) kinds[kind] = { among };
      line.hidden = !all.length;
      line.textContent = all.length ? summary(all, Array.from(kinds, (each) => each ?? { among: "" })) : "";
    },
    clear() {
      loose.clear();
      all = [];
      line.hidden = true;
      line.textContent = "";
    },
  };
}
