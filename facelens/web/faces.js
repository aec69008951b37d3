// `facelens.faces`: the faces of a photo, aligned; and those that were missed.
import { alignFace, apply, BOX, CENTRE, centreOf, faceBox, invert, iou, outside, TEMPLATE } from "./align.js";
import { detector } from "./detect.js";
import { openGraph } from "./engine.js";
import { leaning, refiner, SURE_SCORE } from "./landmarks.js";
import { linear, quarter, rgb } from "./pixels.js";
import { brightness, hints } from "./quality.js";

const SAME = 0.5; // IoU from which on two boxes are of one face
const LEANING = 30; // degrees
const SMALLEST = 40; // pixels, as `facelens.faces.quality.SMALLEST_WIDTH`
const DARKEST = 45;
const ENLARGED = 2048;
const NONE = "No face was found in this photo.";
const BY_HAND = "The face's box was drawn by hand, and eyes, nose and mouth are not clear in it.";
// Of a box drawn by hand: `facelens.faces.drawn`.
const SCALES = [1, 0.8, 1.25];
const PASSES = 3;
const LEAST_SHARED = 0.2;
const LEAST_SIDE = 8;

const larger = (a, b) => b.box.w * b.box.h - a.box.w * a.box.h;

/** What finds faces: YuNet, if the site has it, and the landmarks' network. */
export async function openFinder(store) {
  const has = store.has("faces/yunet.onnx.gz");
  const paths = ["faces/points.onnx.gz", "graphs/quality.onnx", ...(has ? ["faces/yunet.onnx.gz", "graphs/faces.onnx"] : [])];
  const [points, quality, yunet, decoder] = await Promise.all(paths.map(async (path) => openGraph(await store.bytes(path))));
  const refine = refiner(points);
  const detect = has ? detector(yunet, decoder, refine) : async () => [];

  async function faceOf(pixels, { warp, landmarks, score, fit }) {
    const crop = rgb(alignFace(pixels, warp));
    const box = faceBox(warp);
    const reasons = await hints(quality, crop, box.w, landmarks, fit, outside(warp, pixels.width, pixels.height));
    return { box, score, landmarks, warp, crop, hints: reasons };
  }

  /** One graph after the other: a session runs once at a time. */
  async function allOf(pixels, found) {
    const faces = [];
    for (const each of found) faces.push(await faceOf(pixels, each));
    return faces;
  }

  /** Every face, largest first. */
  async function find(pixels) {
    const found = await detect(pixels, { finer: true });
    return (await allOf(pixels, found)).sort(larger);
  }

  /** Look with a lower score, then in a copy that is enlarged. */
  async function thoroughly(pixels) {
    let found = await detect(pixels, { finer: true, eager: true });
    if (!found.length && Math.max(pixels.width, pixels.height) < ENLARGED) {
      const twice = [2, 0, 0.5, 0, 2, 0.5];
      const back = invert(twice);
      const large = await detect(linear(pixels, 2 * pixels.width, 2 * pixels.height), { finer: true, eager: true });
      found = large.map(({ warp: [a, b, x, c, d, y], landmarks, ...rest }) => ({
        ...rest, landmarks: apply(back, landmarks), warp: [2 * a, 2 * b, x + 0.5 * (a + b), 2 * c, 2 * d, y + 0.5 * (c + d)],
      }));
    }
    return (await allOf(pixels, found)).sort(larger);
  }

  /** The face in a box drawn by hand; null if the box is next to nothing. */
  async function drawn(pixels, box) {
    if (Math.min(box.w, box.h) < LEAST_SIDE) return null;
    const rough = (scale) => {
      const by = scale * Math.sqrt((BOX.w * BOX.h) / (box.w * box.h));
      const [x, y] = centreOf(box);
      return [by, 0, CENTRE[0] - by * x, 0, by, CENTRE[1] - by * y];
    };
    let best = null;
    for (const scale of SCALES) {
      const found = [await refine.refine(pixels, rough(scale), PASSES)];
      if (found[0].fit < SURE_SCORE) {
        const turned = await refine.turned(pixels, rough(scale));
        if (turned) found.push(await refine.refine(pixels, turned, 1));
      }
      for (const each of found) {
        if (iou(faceBox(each.warp), box) >= LEAST_SHARED && (!best || each.fit > best.fit)) best = each;
      }
      if (best?.fit >= SURE_SCORE) break;
    }
    const sure = best?.fit >= SURE_SCORE;
    const warp = sure ? best.warp : rough(1);
    const face = await faceOf(pixels, { warp, landmarks: apply(invert(warp), TEMPLATE), score: sure ? best.fit : 0, fit: 1 });
    return sure ? face : { ...face, hints: [BY_HAND, ...face.hints] };
  }

  /** `facelens.ui.missed.search`: a photo, its faces and which to show; null if there are no more. */
  async function search(pixels, faces, how, share) {
    if (how === "rotate" && !faces.length) {
      const turned = quarter(pixels, true);
      return { pixels: turned, faces: await find(turned), first: 0 };
    }
    let added = [];
    if (how === "finer") added = await thoroughly(pixels);
    else if (how === "box" && share) {
      const [x, y, w, h] = share.map((each, i) => Math.min(1, Math.max(0, each)) * (i % 2 ? pixels.height : pixels.width));
      added = [await drawn(pixels, { x, y, w, h })].filter(Boolean);
    }
    const more = added.filter((face) => !faces.some((each) => iou(face.box, each.box) > SAME));
    if (!more.length) return null;
    const together = [...faces, ...more].sort(larger);
    return { pixels, faces: together, first: together.indexOf(more[0]) };
  }

  /** Why there is no face, probably. */
  async function why(pixels) {
    const [maybe] = await thoroughly(pixels);
    let reason = "If there is one, it is probably turned away from the camera, covered or small.";
    if (maybe && maybe.box.w < SMALLEST) reason = `What might be one is small, only ${Math.round(maybe.box.w)} pixels wide.`;
    else if (maybe && leaning(maybe.warp) > LEANING) reason = "What might be one is turned on its side or upside down.";
    else if (brightness(pixels) < DARKEST) reason = "The photo is dark: more light helps most.";
    else if (maybe) reason = "What might be one is unclear: turned away, covered or blurred.";
    return `${NONE} ${reason}`;
  }

  return { has, detect, refine, faceOf, find, search, why };
}

/** What to say, and its state, where a search has shown nothing more. */
export function inVain(how, faces) {
  const tried = {
    rotate: "No face was found in the rotated photo. Rotate it again, or draw the box.",
    finer: "A finer search shows no face either. Draw a box around it by hand.",
    box: "This box is too small, or its face has one already. Draw it around a whole face.",
  };
  return [tried[how] ?? NONE, faces.length ? "done" : "none"];
}
