// A finished answer, about the example, for a page that has no photo yet.
// `python benchmarks/examples.py answer` makes it, and a test compares it with the network's.
import { OF_A_PHOTO } from "./happens.js";
import { element } from "./shared.js";
import answer from "./showcase/answer.json";
import face from "./showcase/face.jpg";
import map from "./showcase/map.jpg";

const WIDTH = 178;
const HEIGHT = 218;

const picture = (src, alt, caption) => element("figure", {},
  element("img", { src, alt, width: WIDTH, height: HEIGHT }),
  element("figcaption", { className: "small" }, caption));

// Nothing is certain.
const written = (p) => (p > 0.994 ? ">0.99" : p < 0.006 ? "<0.01" : p.toFixed(2));

function row({ label, probability, verdict }) {
  const fill = element("span");
  fill.style.width = `${100 * probability}%`;
  return element("li", { dataset: { verdict } },
    element("span", {}, label),
    element("span", { className: "level", ariaHidden: "true" }, fill),
    element("span", { className: "number" }, written(probability)),
    element("span", { className: "verdict" }, verdict));
}

/** The example's answer: its face, where the network looks, three rows. */
export function showcase() {
  return element("section", { className: "showcase", ariaLabel: "An example's answer" },
    element("p", { className: "small" }, "This is the answer about an example. Try yours."),
    element("p", { className: "headline" }, answer.sentence),
    element("div", { className: "both" },
      element("div", { className: "pair" },
        picture(face, "The face of the example, aligned", "What the network sees"),
        picture(map, `Where covering this face lowers “${answer.label}”`, `Where it looks for “${answer.label}”`)),
      element("ul", {}, ...answer.rows.map(row))));
}

/** What a page shows beside the intake while there is neither a kernel nor a photo. */
export function opening(shown) {
  const [title, ...steps] = OF_A_PHOTO;
  return element("div", { className: "facelens opening" },
    element("div", { className: "card" }, shown, element("h2", {}, title),
      element("ol", {}, ...steps.map((step) => element("li", {}, step)))));
}
