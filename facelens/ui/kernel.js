// The kernel of a page under Voilà, without JupyterLab's scripts.
const PROTOCOL = "v1.kernel.websocket.jupyter.org"; // of jupyter_server from 2.0
const LONGEST_PAUSE = 30000;
const REFUSALS = 4;
const CONTROL = { version: "1.0.0" }; // how the states of ipywidgets are asked for

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

/** The kernel `id` of this page: `send` to a comm, `hear` what it answers.
 *
 * Until it is `kept`, a server that refuses is given up.
 */
export function connect(base, id) {
  const session = anyName();
  const address = `${base}api/kernels/${id}`;
  const socketAddress = `${address.replace(/^http/, "ws")}/channels?session_id=${session}`;
  const kernel = { statusChanged: signal(), connectionStatusChanged: signal(), kept: false };
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
      if (!kernel.kept && failures >= REFUSALS) {
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
export function widgets(kernel) {
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
