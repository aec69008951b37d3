// `facelens.ui.boxes` and `facelens.tasks.mask.model`: what a network finds in the whole photo.
import { iou } from "./align.js";
import { openGraph, tensor } from "./engine.js";
import { softmax } from "./network.js";
import { average, blank, even, linear, rgb } from "./pixels.js";

/** Scale a photo to the longest side `side`, grey to the right and below, to multiples of `stride`. */
export function letterbox(photo, { side, stride, least_side: least, grey }) {
  const scale = side / Math.max(photo.width, photo.height);
  const [width, height] = [photo.width, photo.height].map((each) => Math.max(1, even(each * scale)));
  const small = rgb(scale < 1 ? average(photo, width, height) : linear(photo, width, height));
  const padded = (each) => Math.max(least, Math.ceil(each / stride) * stride);
  const canvas = blank(padded(width), padded(height), 3);
  canvas.data.fill(grey);
  for (let y = 0; y < height; y += 1) {
    canvas.data.set(small.data.subarray(3 * y * width, 3 * (y + 1) * width), 3 * y * canvas.width);
  }
  return [canvas, scale];
}

/** A detector: the graph at `folder` of the store; `find(photo)` gives every box from `least` on, the largest first. */
export async function openBoxes(store, folder) {
  const [graph, about] = await Promise.all([
    store.bytes(`${folder}/model.onnx.gz`).then(openGraph), store.json(`${folder}/network.json.gz`),
  ]);
  const { said, kinds } = about;

  function described(corners, score, logits, { width, height }) {
    const [x, y, right, low] = corners;
    const [w, h] = [right - x, low - y];
    const values = softmax(logits.map((logit) => logit / about.temperature));
    const order = kinds.map((_, i) => i).sort((a, b) => values[b] - values[a] || b - a);
    const [kind, next] = order;
    const side = Math.sqrt(w * h);
    const hint = side < said.small ? said.hint.replace("{side}", even(side)) : "";
    const doubtful = values[kind] < said.sure || Boolean(hint);
    const verdict = doubtful ? "doubtful" : "yes";
    const sentence = said.sentences[verdict][kind][next];
    return {
      place: { x, y, w, h }, side, words: sentence,
      told: {
        box: [x / width, y / height, w / width, h / height], score: Math.min(1, score), kind, verdict, values: [...values],
        sentence: [sentence, hint].filter(Boolean).join(" "),
      },
    };
  }

  async function find(photo) {
    const [picture, scale] = letterbox(photo, about);
    const found = await graph.run({ [graph.takes[0]]: tensor("uint8", picture.data, [1, picture.height, picture.width, 3]) }, ["boxes", "scores", "logits"]);
    const [boxes, scores, logits] = ["boxes", "scores", "logits"].map((name) => found[name].data);
    picture.data.fill(0);
    const most = [photo.width, photo.height, photo.width, photo.height];
    const kept = [];
    scores.forEach((score, i) => {
      if (score < about.least) return;
      const corners = most.map((end, j) => Math.min(end, Math.max(0, boxes[4 * i + j] / scale)));
      if (corners[2] <= corners[0] || corners[3] <= corners[1]) return;
      kept.push(described(corners, score, Array.from(logits.subarray(kinds.length * i, kinds.length * (i + 1))), photo));
    });
    return kept.sort((a, b) => b.side - a.side);
  }

  /** The box of a face, of those that the network's own threshold leaves; null if it has none. */
  function of({ box }, found) {
    let best = null;
    for (const each of found) {
      const overlap = iou(box, each.place);
      if (each.told.score >= about.threshold && overlap >= about.same && overlap > (best?.overlap ?? 0)) best = { overlap, each };
    }
    return best?.each ?? null;
  }

  /** Add what covers each face to its hints; whether any is new. */
  function cover(faces, found) {
    let any = false;
    for (const face of faces) {
      const mine = of(face, found);
      const text = mine ? said.covers[mine.told.kind] : "";
      if (!text || face.hints.includes(text)) continue;
      face.hints = [...face.hints.filter((hint) => hint !== about.guess), text];
      any = true;
    }
    return any;
  }

  return { about, find, of, cover };
}
