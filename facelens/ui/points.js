/** Of `heatmap`: the keypoints over the aligned face. */
import { element } from "./shared.js";

/** An SVG element. */
function drawn(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Dots for a face of `width` × `height` pixels, a box to tick and a line about them.
 *
 * `ticked()` hears that the box was used.
 */
export function pointMarks(width, height, ticked) {
  const dots = drawn("svg", { viewBox: `-0.5 -0.5 ${width} ${height}`, role: "img", "aria-label": "Where they lie on the face" });
  const box = element("input", { type: "checkbox", onchange: ticked });
  const label = element("label", { className: "small" }, box, "Fifteen points");
  const note = element("p", { className: "small points", ariaLive: "polite", hidden: true });
  return {
    dots, box, label, note,
    /** Paint `points` where they are wanted; null while they are on the way. */
    paint(points) {
      const shown = box.checked && points;
      dots.replaceChildren();
      dots.style.display = shown ? "" : "none";
      note.hidden = !box.checked;
      note.textContent = "Looking for the points…";
      if (!shown) return;
      const off = points.off === null ? "" : `, on average ${(100 * points.off).toFixed(1)} % of the eyes' distance off when tested on people it had not seen`;
      const all = `Points by another network, ${points.title}${off}. Touch one for its name.`;
      const say = (text) => { note.textContent = text; };
      say(all);
      points.where.forEach(([x, y], i) => {
        const name = points.names[i];
        // A finger is wider than a dot.
        const dot = drawn("g", {},
          drawn("circle", { cx: x, cy: y, r: 7, fill: "transparent" }),
          drawn("circle", { cx: x, cy: y, r: 2.2, class: "dot" }),
          drawn("title", {}, name));
        dot.onpointerenter = () => say(`${name[0].toUpperCase()}${name.slice(1)}; left is the person's own left.`);
        dot.onpointerleave = (event) => { if (event.pointerType === "mouse") say(all); };
        dots.append(dot);
      });
    },
  };
}
