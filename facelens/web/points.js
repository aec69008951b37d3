// `facelens.tasks.keypoints`: the fifteen points of a face.
import { alignFace, apply, invert } from "./align.js";
import { openGraph, tensor } from "./engine.js";
import { grey } from "./pixels.js";

/** What finds them: points of a crop, in its pixels. */
export async function openPoints(store, folder) {
  const [graph, about] = await Promise.all([
    store.bytes(`${folder}/model.onnx.gz`).then(openGraph), store.json(`${folder}/network.json.gz`),
  ]);
  const [side] = about.size;
  const frame = about.frame.flat();
  return async (crop) => {
    const seen = alignFace(grey(crop), frame, side, side);
    const { points } = await graph.run({ pictures: tensor("uint8", seen.data, [1, side, side]) });
    const own = about.names.map((_, i) => [0, 1].map((axis) => points.data[2 * i + axis] - about.offset[axis]));
    return { where: apply(invert(frame), own), names: about.labels, title: about.title, off: about.error };
  };
}
