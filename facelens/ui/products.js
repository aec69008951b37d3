import { element, two } from "./shared.js";

const COLOURS = ["Red", "Green", "Blue"];
const FULL = 65535; // full colour in the padded picture
const MOST = 3; // pixels that a filter may be wide for its products to be written out

const sum = (values) => values.reduce((a, b) => a + b, 0);

/** Numbers as hundredths, each rounded up or down, so that they add up to `total`, which is one. */
function share(values, total) {
  const parts = values.map((value) => Math.floor(100 * value));
  const most = values.map((_, i) => i)
    .sort((a, b) => (100 * values[b] - parts[b]) - (100 * values[a] - parts[a]));
  for (const i of most.slice(0, Math.max(0, total - sum(parts)))) parts[i] += 1;
  return parts;
}

/** What lies under the filter where its window begins at (top, left): pixels from 0 to 1, weights,
    products, colour by colour; products, their sums, bias and total rounded so that they add up. */
export function multiply({ side, size, bias, padded, weights }, top, left) {
  const wide = size[1] + side - 1;
  const places = Array.from({ length: side * side }, (_, i) => [top + Math.floor(i / side), left + (i % side)]);
  const pixels = [0, 1, 2].map((c) => places.map(([y, x]) => padded[3 * (y * wide + x) + c] / FULL));
  const filter = [0, 1, 2].map((c) => places.map((_, i) => weights[3 * i + c]));
  const products = pixels.map((values, c) => values.map((value, i) => value * filter[c][i]));
  const sums = products.map(sum);
  const exact = sum(sums) + bias;
  const total = Math.round(100 * exact);
  const parts = share([...sums, bias], total);
  return {
    pixels, filter, exact,
    products: products.map((values, c) => share(values, parts[c]).map((part) => part / 100)),
    sums: parts.slice(0, 3).map((part) => part / 100),
    bias: parts[3] / 100,
    total: total / 100,
  };
}

/** The products under the filter, a square of them for each colour, with their sums. */
export function productsView() {
  const squares = COLOURS.map((name) => {
    const total = element("b", {});
    const cells = element("div", { className: "cells" });
    const node = element("div", { className: "colour", role: "group" },
      element("p", { className: "small" }, element("i", { className: name.toLowerCase(), ariaHidden: "true" }), name, total), cells);
    return { name, node, cells, total };
  });
  const note = element("p", { className: "small" });
  const node = element("div", { className: "products", hidden: true },
    element("div", { className: "squares" }, ...squares.map((each) => each.node)), note);
  let side = 0;
  const build = (wide) => {
    side = wide;
    const written = side <= MOST;
    node.classList.toggle("many", !written);
    note.textContent = written
      ? `Each number is a pixel (from 0, dark, to 1, bright) times its weight in the filter: ${3 * side * side} products. All are rounded so that they add up to what is shown.`
      : `${3 * side * side} products of a pixel and its weight are too many to write out: teal counts for, grey against, the stronger the more.`;
    for (const { cells } of squares) {
      cells.style.setProperty("--side", side);
      cells.replaceChildren(...Array.from({ length: side * side }, () =>
        element("span", { className: "cell" }, ...(written ? [element("b", {}), element("span", { className: "factors" })] : []))));
    }
  };
  return {
    node,
    squares,
    /** How many cells there are, over all colours. */
    get count() { return 3 * side * side; },
    draw({ pixels, filter, products, sums }) {
      const wide = Math.round(Math.sqrt(pixels[0].length));
      if (wide !== side) build(wide);
      const most = Math.max(0.01, ...products.flat().map(Math.abs));
      squares.forEach(({ name, node: square, cells, total }, c) => {
        total.textContent = two(sums[c]);
        square.ariaLabel = `${name}: sum ${two(sums[c])}`;
        [...cells.children].forEach((cell, i) => {
          const product = products[c][i];
          cell.dataset.sign = product < 0 ? "against" : "for";
          cell.style.setProperty("--part", `${Math.round(100 * Math.abs(product) / most)}%`);
          if (!cell.firstChild) return;
          cell.firstChild.textContent = two(product);
          cell.lastChild.textContent = `${two(pixels[c][i])}\u2009×\u2009${two(Math.round(100 * filter[c][i]) / 100)}`;
        });
      });
      node.hidden = false;
    },
    /** Show only the first `count` products, and the sums of the colours that are complete. */
    reveal(count) {
      let at = 0;
      for (const { cells, total } of squares) {
        for (const cell of cells.children) {
          cell.classList.toggle("wait", at >= count);
          at += 1;
        }
        total.classList.toggle("wait", at > count);
      }
    },
    clear() {
      node.hidden = true;
      side = 0;
      for (const { node: square, cells, total } of squares) {
        cells.replaceChildren();
        total.textContent = "";
        square.ariaLabel = "";
      }
    },
  };
}
