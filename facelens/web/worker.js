// What answers on this page: everything that computes, beside the thread that paints.
import { alignFace } from "./align.js";
import { openCamera } from "./camera.js";
import { openDesk, sentenceOf } from "./desk.js";
import { start } from "./engine.js";
import { openFinder } from "./faces.js";
import { openNetwork } from "./network.js";
import { decoded } from "./pictures.js";
import { rgb } from "./pixels.js";
import { openStore, Trouble } from "./store.js";

const MASK = 178 * 218;
const MASKS = "graphs/masks.bin.gz";
const EXAMPLES = ["astronaut.jpg", "hopper.jpg", "drawn-1.jpg", "drawn-2.jpg"].map((name) => `examples/${name}`);

/** Speak to a view of the page; what is in `buffers` is copied, for some of it is kept. */
const tell = (view, kind, content = {}, buffers = []) => postMessage({ view, message: { kind, ...content }, buffers });

const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** The files that the answers may need later; nothing is asked of the host once the page is there. */
function keepAll(store, paths) {
  const kept = new Map();
  const bytes = (path) => {
    if (!kept.has(path)) kept.set(path, store.bytes(path));
    return kept.get(path);
  };
  const asValue = (data) => JSON.parse(new TextDecoder().decode(data));
  return {
    ...store, bytes,
    json: async (path) => asValue(await bytes(path)),
    text: async (path) => new TextDecoder().decode(await bytes(path)),
    later: () => Promise.allSettled(paths.map(bytes)),
  };
}

/** How far this device is from the answers that come with the network, on its example. */
async function deviation(store, network) {
  const { warp, answers } = network.example;
  const pixels = await decoded(await store.bytes(EXAMPLES[0]), "The example");
  const [answer] = await network.predict([rgb(alignFace(pixels, warp.flat()))]);
  return answers.reduce((most, known, i) => Math.max(most, Math.abs(known - answer.logits[i])), 0);
}

async function open(base, entrance) {
  const found = await openStore(base);
  const { site } = found;
  const store = { ...keepAll(found, [
    ...EXAMPLES, ...Object.values(site.tasks).flatMap(({ folder }) => [`${folder}/model.onnx.gz`, `${folder}/network.json.gz`]),
    MASKS, ...site.networks.map((name) => `networks/${name}/card.html`),
  ]), examples: EXAMPLES };
  for (const [view, messages] of Object.entries(site.messages)) {
    for (const [kind, content] of Object.entries(messages)) tell(view, kind, content);
  }
  const early = ["graphs/faces.onnx", "graphs/quality.onnx", "faces/points.onnx.gz", "faces/yunet.onnx.gz", `networks/${site.default}/model.onnx.gz`, EXAMPLES[0]];
  for (const path of early.filter(store.has)) store.bytes(path).catch(() => {}); // all at once
  await start(base, await store.bytes("ort/ort-wasm-simd-threaded.wasm.gz"));
  const opened = new Map();
  const facts = [];
  /** A network, opened once, if this device answers with it as the device did that made it. */
  const networks = async (name) => {
    if (!opened.has(name)) {
      const network = await openNetwork(store, `networks/${name}`);
      const off = await deviation(store, network);
      if (!(off <= network.example.tolerance)) {
        throw new Trouble(`This device does not compute as it should: on the example its answers are ${off.toFixed(2)} off, `
          + "so it answers nothing here. Another browser or device may.");
      }
      facts.splice(0, 1, `this device agrees with the reference within ${Math.max(off, 0.001).toFixed(3)}`);
      opened.set(name, network);
    }
    return opened.get(name);
  };
  const lut = fromBase64(site.viridis);
  const finder = await openFinder(store);
  const masks = async () => {
    const values = new Float32Array((await store.bytes(MASKS)).buffer);
    return [0, 1, 2].map((i) => values.subarray(i * MASK, (i + 1) * MASK));
  };
  const desk = openDesk({ store, finder, networks, tell, lut, masks, facts, entrance });
  await desk.use(site.default);
  return { desk, camera: openCamera({ finder, desk, tell }), store };
}

// One message after the other, as a kernel takes them.
let queue = Promise.resolve();
let opening = null;

async function hear({ view, message, buffers }) {
  if (message.kind === "ready") return;
  let opened;
  try {
    opened = await opening;
  } catch (error) {
    if (view === "intake" || view === "camera") tell(view, "status", { text: sentenceOf(error), state: "error", turn: message.turn });
    return;
  }
  const { desk, camera } = opened;
  if (view === "camera") await camera.hear(message, buffers);
  else await desk.hear(view, message, buffers);
}

self.onmessage = ({ data }) => {
  if (data.base) {
    const entrance = data.moving ? "camera" : "intake";
    opening = open(data.base, entrance);
    opening.then(
      async ({ store }) => {
        postMessage({ state: "ready" });
        await store.later();
        postMessage({ state: "whole" });
      },
      (error) => {
        tell(entrance, "notice", { text: sentenceOf(error) });
        postMessage({ state: "failed" });
      },
    );
    return;
  }
  queue = queue.then(() => hear(data));
};
