import { element } from "./shared.js";

const SIGNS = [
  ["handle", "the threshold: drag it"],
  ["close", "a bar that ends here is too close to call"],
  ["reach", "how far the answer moves when the picture is shifted, scaled, lit or mirrored a little"],
  ["dots", "how well yes and no are told apart"],
];

/** What the signs on a row mean. */
export function legend() {
  return element("ul", { className: "legend small", ariaLabel: "What the signs mean" },
    ...SIGNS.map(([sign, words]) => element("li", {},
      element("span", { className: `sign ${sign}`, ariaHidden: "true" }, sign === "dots" ? "●●●" : ""),
      element("span", {}, words))));
}
