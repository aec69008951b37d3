import { element, probabilityText } from "./shared.js";

// The kernel is asked once the answer stands there and nobody has picked another face meanwhile.
const CALM = 400;

/** The whiskers of a board: how far each probability moves over small changes of the picture.
 * `ask(key)` asks the kernel for those of a face.
 */
export function whiskersOf(ask) {
  let timer;

  function drop(rows) {
    clearTimeout(timer);
    for (const row of rows) {
      row.whisker?.remove();
      row.range?.remove();
    }
  }

  function drawOne(row, low, high) {
    const words = `${probabilityText(low)} to ${probabilityText(high)}`;
    row.whisker = element("span", {
      className: "whisker", role: "img",
      ariaLabel: `${words} when the picture changes a little`,
    });
    row.whisker.style.left = `${100 * low}%`;
    row.whisker.style.width = `${100 * (high - low)}%`;
    row.item.querySelector(".bar").append(row.whisker);
    row.range = element("p", { className: "range" },
      `Over 16 small changes of the picture: ${words}.`);
    row.item.querySelector(".more").prepend(row.range);
  }

  return {
    drop,
    /** Another face stands on the rows. */
    turn(rows, key) {
      drop(rows);
      timer = setTimeout(() => ask(key), CALM);
    },
    draw(rows, { low, high }) {
      drop(rows);
      for (const row of rows) drawOne(row, low[row.index], high[row.index]);
    },
  };
}
