// Voilà's own scripts are a JupyterLab: a hundred files that begin to load when the kernel has run
// the notebook. This page is anywidgets in boxes, so it speaks with the kernel itself, and calls
// for those scripts only where something else is to be shown.
const VIEW = "application/vnd.jupyter.widget-view+json";
const OUTPUT = 'script[type="application/vnd.voila.cell-output+json"]';
const PROTOCOL = "v1.kernel.websocket.jupyter.org"; // of jupyter_server from 2.0
const INTAKE = "facelens.ui.intake.";
const LONGEST_PAUSE = 30000;
const REFUSALS = 4;
const HEARTBEATS = 12; // of ten seconds each, in which no kernel has come
const CONTROL = { version: "1.0.0" }; // how the states of ipywidgets are asked for
const NO_KERNEL = "The computer behind this page does not answer. Please reload the page.";

// Not randomUUID: browsers keep that from pages that came over plain HTTP.
const anyName = () => [...crypto.getRandomValues(new Uint8Array(16))]
  .map((byte) => byte.toString(16).padStart(2, "0")).join("");

const asBytes = (value) => new TextEncoder().encode(JSON.stringify(value));
const asValue = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

/** `parts` as one message: how many offsets, the offsets, the parts. */
function pack(parts) {
  const offsets = [8 * (parts.length + 2)];
  for (const part of parts) offsets.push(offsets.at(-1) + part.byteLength);
  const message = new Uint8Array(offsets.at(-1));
  const view = new DataView(message.buffer);
  [offsets.length, ...offsets].forEach((n, i) => view.setBigUint64(8 * i, BigInt(n), true));
  parts.forEach((part, i) => {
    const bytes = part.buffer ? new Uint8Array(part.buffer, part.byteOffset, part.byteLength) : new Uint8Array(part);
    message.set(bytes, offsets[i]);
  });
  return message;
}

function unpack(message) {
  const view = new DataView(message);
  const number = (i) => Number(view.getBigUint64(8 * i, true));
  return Array.from({ length: number(0) - 1 }, (_, i) => (
    new DataView(message, number(i + 1), number(i + 2) - number(i + 1))));
}

/** Those who want to know of something, called as JupyterLab calls them. */
function signal() {
  const ears = new Set();
  return {
    connect: (ear) => ears.add(ear),
    disconnect: (ear) => ears.delete(ear),
    emit: (what) => ears.forEach((ear) => ear(null, what)),
  };
}

/** The kernel of this page: `send` to a comm, `hear` what it answers. */
function connect(base, id) {
  const session = anyName();
  const address = `${base}api/kernels/${id}`;
  const socketAddress = `${address.replace(/^http/, "ws")}/channels?session_id=${session}`;
  const kernel = { statusChanged: signal(), connectionStatusChanged: signal() };
  const comms = new Map();
  let unsent = []; // messages, each with its comm and what is wished in it
  let socket, ready, failures = 0;
  let giveUp = () => {}; // where the server speaks another protocol

  kernel.given = new Promise((done) => { giveUp = done; });

  const write = (type, content, buffers = []) => {
    const header = {
      msg_id: anyName(), msg_type: type, session, username: "", version: "5.3",
      date: new Date().toISOString(),
    };
    return pack([new TextEncoder().encode("shell"), ...[header, {}, CONTROL, content].map(asBytes), ...buffers]);
  };

  const receive = ([, header, , , content, ...buffers]) => {
    const { msg_type: type } = asValue(header);
    if (type === "kernel_info_reply" && !ready) {
      ready = true;
      failures = 0;
      for (const { message } of unsent.splice(0)) socket.send(message);
    } else if (type === "status") {
      kernel.statusChanged.emit(asValue(content).execution_state);
    } else if (type === "shutdown_reply") {
      // The last word of a kernel that is put to sleep; the server leaves the line open.
      kernel.statusChanged.emit(asValue(content).restart ? "restarting" : "dead");
    } else if (type === "comm_msg") {
      const { comm_id: comm, data } = asValue(content);
      comms.get(comm)?.(data, buffers);
    }
  };

  const open = () => {
    socket = new WebSocket(socketAddress, PROTOCOL);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (socket.protocol !== PROTOCOL) {
        socket.onclose = socket.onmessage = null;
        socket.close();
        giveUp();
        return;
      }
      kernel.connectionStatusChanged.emit("connected");
      // What the kernel says may pass unheard until it has answered once.
      socket.send(write("kernel_info_request", {}));
    };
    socket.onmessage = (event) => receive(unpack(event.data));
    socket.onclose = async () => {
      ready = false;
      if (!drawn && failures >= REFUSALS) {
        giveUp();
        return;
      }
      kernel.connectionStatusChanged.emit("connecting");
      const answer = await fetch(address).catch(() => null);
      if (answer?.status === 404) kernel.statusChanged.emit("dead");
      else setTimeout(open, Math.min(LONGEST_PAUSE, 1000 * 2 ** failures++));
    };
  };
  open();

  kernel.hear = (comm, hear) => comms.set(comm, hear);
  kernel.send = (type, content, buffers) => {
    const message = write(type, content, buffers);
    if (ready && socket.readyState === WebSocket.OPEN) {
      socket.send(message);
      return;
    }
    const comm = content.comm_id;
    const { turn: wish, kind } = content.data?.content ?? {};
    // A later wish of the intake, or Clear, takes the place of one that has not gone off; a
    // camera's frame only that of a frame.
    const isStale = (each) => each.wish && each.comm === comm && (kind !== "frame" || each.kind === kind);
    if (wish) unsent = unsent.filter((each) => !isStale(each));
    unsent.push({ message, comm, wish, kind });
  };
  // Leaving the page ends its kernel and the photo in it. Coming back to it begins anew.
  addEventListener("pagehide", () => {
    socket.onclose = null;
    const form = new FormData();
    form.append("_xsrf", document.cookie.match(/\b_xsrf=([^;]*)/)?.[1] ?? "");
    navigator.sendBeacon(`${base}voila/api/shutdown/${id}`, form);
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  return kernel;
}

/** The state of every widget that the kernel has made, by its id; nothing if it cannot be asked. */
function widgets(kernel) {
  const comm = anyName();
  return new Promise((done) => {
    kernel.given.then(() => done());
    kernel.hear(comm, (data) => done(data.states));
    kernel.send("comm_open", {
      comm_id: comm, target_name: "jupyter.widget.control", target_module: null, data: {},
    });
    kernel.send("comm_msg", { comm_id: comm, data: { method: "request_states" } });
  });
}

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
function despair(early) {
  if (!drawn) early.hear({ kind: "status", state: "error", text: NO_KERNEL });
}

/** Begin to speak with the kernel as soon as its name is known. */
function begin(early) {
  config ??= JSON.parse(document.getElementById("jupyter-config-data").textContent);
  if (kernel) return;
  kernel = connect(new URL(config.baseUrl, location.href).href, config.kernelId);
  kernel.statusChanged.connect((_, status) => {
    if (["dead", "restarting", "autorestarting"].includes(status)) despair(early);
  });
}

/** Voilà says every ten seconds that the kernel is not there yet. */
function wait(early) {
  heartbeats += 1;
  if (heartbeats === HEARTBEATS) despair(early);
}

/** Show what the notebook has made. */
async function finish(early) {
  begin(early);
  const outputs = [...document.querySelectorAll(OUTPUT)];
  const shown = await show(kernel, outputs).catch((error) => {
    reportError(error);
    return false;
  });
  drawn = true;
  if (shown) {
    early.over?.();
    return;
  }
  unveil();
  if (!intakeComes) early.end(); // nothing will take it over
  loadVoila();
}
