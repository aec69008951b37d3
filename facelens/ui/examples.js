import { element } from "./shared.js";
import first from "./thumbs/1.jpg";
import second from "./thumbs/2.jpg";
import third from "./thumbs/3.jpg";
import fourth from "./thumbs/4.jpg";

export const THUMBS = [first, second, third, fourth];

/** The examples that come with the page, as small pictures: `send(number)` gets the one touched. */
export function examples(send) {
  return element(
    "div",
    { className: "examples", role: "group", ariaLabel: "Examples" },
    ...THUMBS.map((source, i) => {
      const image = element("img", { src: source, alt: `Example ${i + 1}`, width: 56, height: 56 });
      return Object.assign(element("button", { type: "button" }, image), { onclick: () => send(i + 1) });
    }),
  );
}
