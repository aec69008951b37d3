import { numbers } from "./shared.js";

const UNKNOWN = 65535;

/** The curves of each attribute, by name and column, from ten-thousandths uint16 (columns, attributes, 101). */
export function curvesOf(buffer, names, columns) {
  const values = Array.from(numbers(buffer, Uint16Array), (value) => (value === UNKNOWN ? null : value / 10000));
  const length = values.length / (columns.length * names.length);
  return Object.fromEntries(names.map((name, i) => [name, Object.fromEntries(columns.map((column, k) => {
    const start = (k * names.length + i) * length;
    return [column, values.slice(start, start + length)];
  }))]));
}
