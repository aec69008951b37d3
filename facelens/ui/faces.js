import { numbers } from "./shared.js";

const STAYS = 800; // milliseconds that a picked face may be missed and is still the picked one

/** The faces of the moving picture: what is drawn of each, by its number, and which one is picked. */
export function facesInSight() {
  const shown = new Map();
  let picked = null;
  let met = -Infinity; // when the picked face was last in sight
  const there = () => [...shown].filter(([, face]) => !face.left).map(([number]) => number);
  return {
    shown,
    there,
    get picked() {
      return picked;
    },
    pick(number) {
      picked = number;
    },
    clear() {
      shown.clear();
      picked = null;
      met = -Infinity;
    },
    /** Take in what the kernel says of a frame; `count` attributes a face. */
    hear(message, [probabilities, logits, maps], count) {
      const now = performance.now();
      for (const face of shown.values()) face.left ??= now;
      const size = message.map ? message.map.height * message.map.width : 0;
      const [p, l, m] = [probabilities, logits, maps].map((each) => each && numbers(each, Float32Array));
      message.faces.forEach((face, i) => {
        const known = shown.get(face.number) ?? { place: face.place, born: now };
        known.values = size ? Array.from(m.subarray(i * size, (i + 1) * size)) : null;
        if (!size || known.map?.name !== message.map.name) known.tinted = null;
        Object.assign(known, {
          target: face.place, hints: face.hints, weak: face.weak, map: message.map, left: null,
          said: face.words ?? [], points: face.points ?? [],
          probabilities: p.subarray(i * count, (i + 1) * count),
          logits: l.subarray(i * count, (i + 1) * count),
        });
        shown.set(face.number, known);
      });
    },
    /** Stay with the picked face while it is there, and for a moment in which it is missed. */
    follow(now) {
      const numbersNow = there();
      if (numbersNow.includes(picked)) met = now;
      else if (now - met > STAYS) picked = numbersNow[0] ?? null;
    },
    /** Write the attributes `chosen` beside each face, then what other tasks have said of it;
     * `verdict(name, probability, hinted)` decides about the attributes.
     */
    write(chosen, attributes, verdict) {
      for (const face of shown.values()) {
        face.words = chosen.map((name) => {
          const i = attributes.findIndex((each) => each.name === name);
          const probability = face.probabilities[i];
          return {
            label: attributes[i].label,
            probability,
            verdict: verdict(name, probability, face.hints.length > 0 || face.weak?.[name] !== undefined) ?? "",
          };
        });
        face.words.push(...face.said.map(({ label, value, verdict: own }) => (
          { label, probability: value, verdict: own ?? "" })));
      }
    },
    /** The middle of the picked face's box, in shares of the picture as the camera took it. */
    middle({ width, height }, mirrored) {
      const { box } = shown.get(picked) ?? {};
      if (!box) return undefined;
      const across = (box.x + box.w / 2) / width;
      return [mirrored ? 1 - across : across, (box.y + box.h / 2) / height];
    },
    /** The number of the face whose box holds this place of the canvas. */
    at(x, y) {
      return [...shown].findLast(([, { box }]) => (
        box && x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h))?.[0];
    },
  };
}
