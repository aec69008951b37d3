import { OF_A_PHOTO } from "./happens.js";
import { element } from "./shared.js";

const OF_A_CAMERA = [
  "What happens to the camera's picture here",
  "The picture goes to the network frame by frame, each as soon as the one before is answered.",
  "Every face in it is found and followed, so that a person keeps a number.",
  "The network says how likely each attribute is; thresholds turn that into yes or no, here and beside the face.",
  "A snapshot can be looked at closely: where the network looked, and what its layers made of it.",
];

/** What the board shows before there is a face; `invite` writes it for the page that `el` is on. */
export function invitation(el) {
  const title = element("h2");
  const list = element("ol");
  return {
    box: element("div", { className: "empty card" }, title, list),
    invite() {
      const [first, ...steps] = el.closest(".facelens-moving") ? OF_A_CAMERA : OF_A_PHOTO;
      title.textContent = first;
      list.replaceChildren(...steps.map((step) => element("li", {}, step)));
    },
  };
}
