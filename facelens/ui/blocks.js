import { element } from "./shared.js";

const SVG = "http://www.w3.org/2000/svg";
const SCALE = 4.8; // px of a drawing per root of a pixel
const APART = 3; // px between the sheets of a stack

function shape(tag, properties) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(properties)) node.setAttribute(key, value);
  return node;
}

/** A stack of sheets: as large as the maps, each side by its root, and the thicker the more there are. */
function stack(channels, height, width) {
  const [tall, wide] = [height, width].map((side) => Math.round(SCALE * Math.sqrt(side)));
  const sheets = Math.min(9, Math.max(1, Math.round(Math.log2(channels)) - 2));
  const depth = APART * (sheets - 1);
  const svg = shape("svg", {
    width: wide + depth + 2, height: tall + depth + 2, viewBox: `-1 -1 ${wide + depth + 2} ${tall + depth + 2}`,
    "aria-hidden": "true",
  });
  for (let i = sheets - 1; i >= 0; i -= 1) {
    svg.append(shape("rect", { x: APART * i, y: APART * (sheets - 1 - i), width: wide, height: tall, rx: 1.5 }));
  }
  return svg;
}

const words = (title, ...lines) => [
  element("span", { className: "title" }, title),
  ...lines.map((line) => element("span", { className: "size" }, line)),
];

/** The network as a row of blocks: the face, each layer that can be looked at, the answers. */
export function blocks(open) {
  const list = element("ol", { className: "blocks", ariaLabel: "The network, from the face to the answers" });
  let buttons = new Map();
  return {
    node: list,
    draw({ layers, size: [height, width], answers }, face) {
      const picture = element("img", { src: face, alt: "" });
      picture.style.height = `${Math.round(SCALE * Math.sqrt(height))}px`;
      buttons = new Map(layers.map(([name, title, [channels, tall, wide]]) => {
        const button = element("button", { type: "button", ariaPressed: "false" },
          element("span", { className: "drawing" }, stack(channels, tall, wide)),
          ...words(title, `${channels} maps`, `${wide} × ${tall}`));
        button.onclick = () => open(name);
        return [name, button];
      }));
      // In one row, in two or, on a phone, in rows of four at most: none with a single block left over.
      const count = layers.length + 2;
      const columns = { "--all": count, "--half": Math.ceil(count / 2), "--few": Math.ceil(count / Math.ceil(count / 4)) };
      for (const [key, value] of Object.entries(columns)) list.style.setProperty(key, value);
      list.replaceChildren(
        element("li", {}, element("span", { className: "drawing" }, picture), ...words("Your face", "3 colours", `${width} × ${height}`)),
        ...[...buttons.values()].map((button) => element("li", {}, button)),
        element("li", {}, element("span", { className: "drawing" }, stack(answers, 4, 4)), ...words("Answers", String(answers))));
    },
    /** Mark layer `name` as the one that is shown. */
    mark(name) {
      for (const [each, button] of buttons) button.ariaPressed = String(each === name);
    },
    clear() {
      list.replaceChildren();
      buttons = new Map();
    },
  };
}
