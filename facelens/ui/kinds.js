// Of `boxes` and `camera`: the classes of boxes, told apart by letter, colour and line.

/** By position. Blue, white and a dashed pink differ in lightness too, and for those who see no red or green. */
export const KINDS = [
  { line: "#5db7f0", plate: "#0b5c99", ink: "#ffffff", dash: [] },
  { line: "#ffffff", plate: "#ffffff", ink: "#14201f", dash: [] },
  { line: "#f0a8d8", plate: "#f0a8d8", ink: "#2a0f23", dash: [6, 4] },
];
export const kindAt = (index) => KINDS[index % KINDS.length];

/** What stands on a box: its letter, with a question mark if in doubt. */
export const letterOf = ({ letter }, verdict) => (verdict === "doubtful" ? `${letter}?` : letter);

/** What there is to see: "3 faces: 2 with a mask, 1 without a mask." */
export function summary(boxes, kinds) {
  if (!boxes.length) return "No face from this confidence on.";
  const counts = kinds.map(({ among }, i) => [boxes.filter(({ kind }) => kind === i).length, among]).filter(([count]) => count);
  const doubtful = boxes.filter(({ verdict }) => verdict === "doubtful").length;
  if (boxes.length === 1) return `One face, ${doubtful ? "perhaps " : ""}${counts[0][1]}.`;
  const doubt = doubtful ? ` ${doubtful} of these ${doubtful === 1 ? "is" : "are"} doubtful.` : "";
  return `${boxes.length} faces: ${counts.map(([count, among]) => `${count} ${among}`).join(", ")}.${doubt}`;
}

const hundred = (value) => Math.round(100 * value);

/** What a threshold means for the class at `kind`: `right` of 100 boxes, `found` of 100 faces, each with the ends
 * of its 95 % interval, null where there is none; and `count` faces that were measured.
 */
export function meaningOf(curves, kind, threshold) {
  const column = Math.round(100 * threshold);
  const at = (name) => {
    const [value, low, high] = ["", "_low", "_high"].map((end) => curves[`${name}${end}`][kind][column]);
    return value === null ? null : [value, low ?? 0, high ?? 1].map(hundred);
  };
  return { right: at("precision"), found: at("recall"), count: curves.boxes[kind] };
}
