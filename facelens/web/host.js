// The page without a kernel: it draws the views of facelens/ui, and passes what they say to the worker.
import about from "../ui/about.js";
import board from "../ui/board.js";
import boxes from "../ui/boxes.js";
import camera from "../ui/camera.js";
import classes from "../ui/classes.js";
import compare from "../ui/compare.js";
import footer from "../ui/footer.js";
import heatmap from "../ui/heatmap.js";
import inside from "../ui/inside.js";
import intake from "../ui/intake.js";
import network from "../ui/network.js";
import picture from "../ui/picture.js";
import { element } from "../ui/shared.js";
import { showcase } from "../ui/showcase.js";
import steps from "../ui/steps.js";

const VIEWS = { about, board, boxes, camera, classes, compare, footer, heatmap, inside, intake, network, picture, steps };
const BASE = new URL(".", location.href).href;
const PLAIN = "This page came over plain http from another computer. So your browser keeps the camera from it, does not check its "
  + "files, and does not keep it for when you are offline. The rest works; over https all of it does.";
const moving = document.body.dataset.input === "camera";

const ears = new Map(); // of a view: whoever listens to its messages
const nodes = new Map();

// Of a blob, since only such a worker has this page's Content-Security-Policy: one from an address has
// that of the address, and may connect anywhere.
const start = new Blob([`import ${JSON.stringify(`${BASE}worker.js`)};`], { type: "text/javascript" });
const worker = new Worker(URL.createObjectURL(start), { type: "module", name: "facelens" });

/** What a view knows of its host; `near` says that it is this very browser. */
const modelOf = (view) => ({
  near: true,
  on: (_, ear) => ears.get(view).add(ear),
  off: (_, ear) => ears.get(view).delete(ear),
  get: () => undefined,
  send: (message, _, buffers = []) => worker.postMessage({ view, message, buffers: [...buffers] }),
});

function draw(view) {
  const node = element("div");
  node.classList.toggle("facelens-panel", view.includes(":"));
  nodes.set(view, node);
  ears.set(view, new Set());
  return node;
}

const box = (kind, ...children) => element("div", { className: `widget-box ${kind}` }, ...children);

/** The views where `facelens.ui.selfie` has them. */
function layOut() {
  const way = moving ? "camera" : "intake";
  const panels = document.body.dataset.panels.split(" ").filter(Boolean);
  const stays = [draw("picture"), draw("heatmap")];
  const entrance = draw(way);
  const seen = box("facelens-column", ...(moving ? [entrance, ...stays] : stays));
  const left = box("facelens-column", ...(moving ? [] : [entrance]), seen);
  const right = box("facelens-column", ...["network", "board", ...panels, "compare", "inside", "steps"].map(draw));
  const foot = box("facelens-foot", ...["about", "footer"].map(draw));
  document.querySelector("main").append(box(`facelens-page${moving ? " facelens-moving" : ""}`, left, right, foot));
  for (const [view, el] of nodes) VIEWS[view.split(":")[0]].render({ model: modelOf(view), el, signal: new AbortController().signal });
}

function hear(view, message, buffers) {
  for (const ear of ears.get(view) ?? []) ear(message, buffers);
}

worker.onmessage = ({ data }) => {
  if (data.view) {
    hear(data.view, data.message, data.buffers);
    return;
  }
  document.body.dataset.facelens = data.state; // for whoever waits for it
  // Once the worker has fetched all: the service worker then has only the rest to fetch.
  if (data.state === "whole") navigator.serviceWorker?.register("./sw.js").catch(() => {});
};
worker.onerror = () => hear(moving ? "camera" : "intake", { kind: "notice", text: "Your browser is too old for this page, or a file of it is missing. Update the browser, or reload the page." }, []);

layOut();
worker.postMessage({ base: BASE, moving });
if (!moving) nodes.get("board").querySelector(".empty")?.prepend(showcase());
if (!isSecureContext) document.querySelector("main").prepend(element("p", { className: "facelens plain small", role: "note" }, PLAIN));
