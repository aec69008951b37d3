// `facelens.ui.camera` and `facelens.video.stream`: the faces of a moving picture, followed and answered.
import { apply, distinct, faceBox, invert, iou } from "./align.js";
import { sentenceOf } from "./desk.js";
import { MIN_SCORE, stateOf, warpOf } from "./landmarks.js";
import { decoded } from "./pictures.js";
import { weakRows } from "./quality.js";

const STEADY = 0.3; // seconds: the time constant of the smoothing
const DETECT_EVERY = 3;
const PATIENCE = 10; // detections in a row that may miss a face
const PASSES = 2;
const MIN_IOU = 0.25;
const ALPHA = 0.8;
const BETA = 0.3;

/** Follow faces from frame to frame, so that a person keeps a number. */
export function tracker(finder) {
  let tracks = [];
  let count = 0;
  let untilDetection = 0;

  const guess = (track) => warpOf(track.state);
  const boxOf = (track) => faceBox(guess(track));

  function update(track, found) {
    const now = stateOf(found.warp, faceBox(found.warp));
    const residual = now.map((value, i) => value - track.state[i]);
    const full = 2 * Math.PI;
    residual[3] = ((((residual[3] + Math.PI) % full) + full) % full) - Math.PI;
    track.state = track.state.map((value, i) => value + ALPHA * residual[i]);
    track.speed = track.speed.map((value, i) => value + BETA * residual[i]);
    Object.assign(track, { found, missed: 0 });
  }

  async function detectAll(pixels) {
    const found = distinct(await finder.detect(pixels));
    const boxes = found.map(({ warp }) => faceBox(warp));
    const pairs = tracks.flatMap((track) => boxes.map((box, f) => ({ overlap: iou(boxOf(track), box), track, f })))
      .sort((a, b) => b.overlap - a.overlap);
    const taken = new Set();
    for (const { overlap, track, f } of pairs) {
      if (overlap < MIN_IOU || taken.has(f) || track.found) continue;
      update(track, found[f]);
      track.landmarks = apply(found[f].warp, found[f].landmarks);
      taken.add(f);
    }
    for (const track of tracks) {
      if (track.found) continue;
      track.speed = [0, 0, 0, 0]; // a hidden face is expected where it was last
      track.missed += 1;
    }
    tracks = tracks.filter(({ missed }) => missed < PATIENCE);
    found.forEach((each, f) => {
      if (taken.has(f)) return;
      count += 1;
      tracks.push({
        number: count, missed: 0, found: each, state: stateOf(each.warp, boxes[f]), speed: [0, 0, 0, 0],
        landmarks: apply(each.warp, each.landmarks),
      });
    });
  }

  async function refineAll(pixels) {
    for (const track of tracks.filter(({ missed }) => !missed)) {
      const { warp, fit } = await finder.refine.refine(pixels, guess(track), PASSES);
      if (fit >= MIN_SCORE && iou(boxOf(track), faceBox(warp)) > 0) {
        update(track, { warp, landmarks: apply(invert(warp), track.landmarks), score: fit, fit });
      } else untilDetection = 0;
    }
  }

  return {
    /** The faces of the next frame, the oldest track first. */
    async track(pixels) {
      for (const track of tracks) {
        track.state = track.state.map((value, i) => value + track.speed[i]);
        track.found = null;
      }
      if (untilDetection <= 0 || !tracks.length) {
        await detectAll(pixels);
        untilDetection = DETECT_EVERY;
      } else await refineAll(pixels);
      untilDetection -= 1;
      const seen = [];
      for (const { number, found } of tracks) if (found) seen.push({ number, face: await finder.faceOf(pixels, found) });
      return seen;
    },
    get numbers() { return new Set(tracks.map(({ number }) => number)); },
    forget() {
      tracks = [];
      untilDetection = 0;
    },
  };
}

const together = (arrays) => {
  const length = arrays[0]?.length ?? 0;
  const all = new Float32Array(arrays.length * length);
  arrays.forEach((values, i) => { all.set(values, i * length); });
  return all;
};

/** What answers the camera's view. */
export function openCamera({ finder, desk, tell }) {
  const following = tracker(finder);
  let smoothed = new Map();
  let before = 0;
  let shape = "";

  function forget() {
    following.forget();
    smoothed = new Map();
    before = 0;
  }

  async function see(data, { seconds, anew, map }) {
    const pixels = await decoded(data, "The camera's picture");
    const own = `${pixels.width} ${pixels.height}`;
    if (anew || own !== shape) forget();
    shape = own;
    const { network } = desk;
    const tracked = await following.track(pixels);
    const wanted = network.names.indexOf(map);
    const answers = tracked.length ? await network.predict(tracked.map(({ face }) => face.crop), { maps: wanted >= 0 }) : [];
    const share = 1 - Math.exp(-Math.max(0, seconds - before) / STEADY);
    before = seconds;
    const { numbers } = following;
    smoothed = new Map([...smoothed].filter(([number]) => numbers.has(number)));
    const seen = tracked.map(({ number, face }, i) => {
      const last = smoothed.get(number) ?? answers[i].logits;
      const logits = answers[i].logits.map((value, k) => last[k] + share * (value - last[k]));
      smoothed.set(number, logits);
      return { number, face, logits, probabilities: network.probabilities(logits), maps: answers[i].maps };
    });
    pixels.data.fill(0);
    return { pixels, seen, wanted };
  }

  const on = {
    async frame(message, [data]) {
      const start = performance.now();
      const { turn, map } = message;
      try {
        const { pixels, seen, wanted } = await see(data, message);
        const arrays = [together(seen.map(({ probabilities }) => probabilities)), together(seen.map(({ logits }) => logits))];
        let about = null;
        if (wanted >= 0 && seen.length) {
          const { height, width } = seen[0].maps;
          const size = height * width;
          arrays.push(together(seen.map(({ maps }) => maps.values.subarray(wanted * size, (wanted + 1) * size))));
          about = { name: map, height, width };
        }
        tell("camera", "seen", {
          turn, width: pixels.width, height: pixels.height, milliseconds: performance.now() - start, map: about,
          faces: seen.map(({ number, face }) => ({ number, place: invert(face.warp), hints: face.hints, weak: weakRows(desk.network.about.weak, face.box.w) })),
        }, arrays);
        for (const { face } of seen) face.crop.data.fill(0);
      } catch (error) {
        tell("camera", "failed", { turn, text: sentenceOf(error) });
      }
    },
    rest: forget,
    photo: (message, buffers) => desk.hear("camera", message, buffers),
    choose: (message) => desk.hear("camera", message),
    back: (message) => desk.hear("camera", message),
    clear(message) {
      forget();
      return desk.hear("camera", message);
    },
  };
  return { hear: async (message, buffers) => on[message.kind]?.(message, buffers) };
}
