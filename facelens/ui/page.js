// Voilà's own scripts are a JupyterLab: a hundred files that begin to load when the kernel has run
// the notebook. This page is anywidgets in boxes, so it speaks with the kernel itself, and calls
// for those scripts only where something else is to be shown.
import { drawEarly } from "./early.js";
import { connect, widgets } from "./kernel.js";
import PRIVACY from "./privacy.txt";
import { element } from "./shared.js";
import { opening, showcase } from "./showcase.js";

const VIEW = "application/vnd.jupyter.widget-view+json";
const OUTPUT = 'script[type="application/vnd.voila.cell-output+json"]';
const INTAKE = "facelens.ui.intake.";
const HEARTBEATS = 12; // of ten seconds each, in which no kernel has come
const NO_KERNEL = "The computer behind this page does not answer. Please reload the page.";

const inside = ({ state }) => (state.children ?? []).map((name) => name.replace("IPY_MODEL_", ""));

/** What is to be drawn from widget `id` down, or nothing if any of it is not of our kind. */
function tree(states, id) {
  const widget = states[id];
  if (widget?.model_module === "anywidget") {
    return widget.state._anywidget_id?.startsWith("facelens.") ? [{ id, ...widget }] : null;
  }
  if (widget?.model_name !== "BoxModel") return null;
  const below = inside(widget).map((child) => tree(states, child));
  return below.includes(null) ? null : [{ id, ...widget }, ...below.flat()];
}

/** What a view knows of its widget, as anywidget gives it. */
function modelOf(kernel, { id, state }) {
  const ears = new Set();
  kernel.hear(id, ({ method, content }, buffers) => {
    if (method === "custom") ears.forEach((ear) => ear(content, buffers));
  });
  return {
    on: (_, ear) => ears.add(ear),
    off: (_, ear) => ears.delete(ear),
    get: (name) => state[name],
    send: (content, _, buffers) => {
      kernel.send("comm_msg", { comm_id: id, data: { method: "custom", content } }, buffers);
    },
    widget_manager: { kernel },
  };
}

async function moduleOf({ state }) {
  const url = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
  return import(url).finally(() => URL.revokeObjectURL(url));
}

function unveil() {
  document.getElementById("rendered_cells").style.display = "";
}

/** Draw what the notebook put out, or say that it is not for this script to draw. */
async function show(kernel, outputs) {
  const ids = outputs.map((output) => JSON.parse(output.textContent).data?.[VIEW]?.model_id);
  if (!ids.length || !ids.every(Boolean)) return false;
  const states = await widgets(kernel);
  if (!states) return false;
  intakeComes = Object.values(states).some(({ state }) => state._anywidget_id?.startsWith(INTAKE));
  const trees = ids.map((id) => tree(states, id));
  if (trees.includes(null)) return false;
  const all = trees.flat();
  const views = all.filter(({ state }) => state._esm);
  const modules = await Promise.all(views.map(moduleOf));

  const nodes = new Map();
  for (const widget of all.reverse()) {
    const node = document.createElement("div");
    if (!widget.state._esm) node.classList.add("widget-box");
    node.classList.add(...widget.state._dom_classes);
    node.append(...inside(widget).map((id) => nodes.get(id)));
    nodes.set(widget.id, node);
  }
  for (const css of new Set(views.map(({ state }) => state._css))) {
    document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  }
  outputs.forEach((output, i) => output.replaceWith(nodes.get(ids[i])));
  unveil(); // what is hidden takes no focus
  // From the end: the intake's first word has the kernel load the network, and the others should
  // hear of it once, not again as what they missed.
  for (const [i, view] of [...views.entries()].reverse()) {
    const el = nodes.get(view.id);
    try {
      modules[i].default.render({
        model: modelOf(kernel, view), el, signal: new AbortController().signal,
      });
    } catch (error) {
      reportError(error);
      el.textContent = "This part of the page could not be drawn. Please reload the page.";
    }
  }
  return true;
}

function loadVoila() {
  // A view that needs over two seconds to load is deaf to its kernel for ever (anywidget 0.11,
  // `Runtime`). A slow phone or a busy machine needs longer.
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  AbortSignal.timeout = (milliseconds) => timeout(Math.max(milliseconds, 120000));
  // Voilà begins when the page has loaded, which may be over.
  const listen = window.addEventListener.bind(window);
  window.addEventListener = (type, ear, ...more) => {
    if (type === "load" && document.readyState === "complete") ear();
    else listen(type, ear, ...more);
  };
  const script = document.createElement("script");
  script.src = `${config.fullStaticUrl}/voila.js`;
  document.body.append(script);
}

/** A line in the place of an intake, where the page has none. */
function drawWaiting(el) {
  const line = element("p", { className: "status", role: "status", dataset: { state: "busy" } }, "Waking up the network…");
  el.classList.add("facelens", "intake");
  el.append(line);
  const end = () => document.getElementById("early")?.remove();
  return {
    hear({ text, state }) {
      line.textContent = text;
      line.dataset.state = state;
    },
    end,
    over: end,
  };
}

let kernel;
let config;
let drawn = false;
let intakeComes = false;
let heartbeats = 0;

/** Say on the early intake that nothing will come. */
function despair() {
  if (!drawn) early.hear({ kind: "status", state: "error", text: NO_KERNEL });
}

/** Begin to speak with the kernel as soon as its name is known. */
function begin() {
  config ??= JSON.parse(document.getElementById("jupyter-config-data").textContent);
  if (kernel) return;
  kernel = connect(new URL(config.baseUrl, location.href).href, config.kernelId);
  kernel.statusChanged.connect((_, status) => {
    if (["dead", "restarting", "autorestarting"].includes(status)) despair();
  });
}

/** Voilà says every ten seconds that the kernel is not there yet. */
function wait() {
  heartbeats += 1;
  if (heartbeats === HEARTBEATS) despair();
}

/** Show what the notebook has made. */
async function finish() {
  begin();
  const outputs = [...document.querySelectorAll(OUTPUT)];
  const shown = await show(kernel, outputs).catch((error) => {
    reportError(error);
    return false;
  });
  drawn = kernel.kept = true;
  if (shown) {
    if (example) document.querySelector("#rendered_cells .board .empty")?.prepend(example);
    early.over?.();
    return;
  }
  unveil();
  if (!intakeComes) early.end(); // nothing will take it over
  loadVoila();
}

const place = document.querySelector("#early .facelens-column > div");
let early;
let example; // its answer, until there is another
if (document.getElementById("early").dataset.input === "camera") {
  early = drawWaiting(place);
} else {
  early = drawEarly(place);
  early.hear({ kind: "text", privacy: PRIVACY.trim() });
  example = showcase();
  const column = element("div", { className: "widget-box facelens-column" }, opening(example));
  document.getElementById("early").append(column);
}
// Voilà's lab template calls these: after the start of the kernel, and at the end.
let whole = false;
window.voila_process = begin;
window.voila_finish = () => {
  whole = true;
  finish();
};
window.voila_heartbeat = wait;
addEventListener("load", () => { if (!whole) despair(); });
