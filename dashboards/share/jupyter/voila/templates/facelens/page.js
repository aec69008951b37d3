"use strict";
(() => {
  // jpeg.js
  var START = 216;
  var END = 217;
  var SCAN = 218;
  var COMMENT = 254;
  var ORIENTATION = 274;
  var isApplication = (marker) => marker >= 224 && marker <= 239;
  var isNeeded = (marker) => marker === 224 || marker === 238;
  var text = (bytes, at, length) => String.fromCharCode(...bytes.subarray(at, at + length));
  function bare(file) {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const kept = [];
    let orientation = 1;
    try {
      if (view.getUint16(0) !== 65280 + START) return null;
      let at = 2;
      for (; ; ) {
        while (view.getUint8(at) === 255 && view.getUint8(at + 1) === 255) at += 1;
        if (view.getUint8(at) !== 255) return null;
        const marker = view.getUint8(at + 1);
        if (marker === END) break;
        let end = at + 2 + view.getUint16(at + 2);
        if (end > file.length) return null;
        if (marker === SCAN) end = endOfScan(file, end);
        if (marker === 225 && text(file, at + 4, 6) === "Exif\0\0")
          orientation = orientationOf(new DataView(view.buffer, view.byteOffset + at + 10, end - at - 10));
        const profile = marker === 226 && text(file, at + 4, 12) === "ICC_PROFILE\0";
        if (!isApplication(marker) && marker !== COMMENT || isNeeded(marker) || profile)
          kept.push(file.subarray(at, end));
        at = end;
      }
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
    return joined([Uint8Array.of(255, START), exif(orientation), ...kept, Uint8Array.of(255, END)]);
  }
  function endOfScan(file, at) {
    for (; ; ) {
      at = file.indexOf(255, at);
      if (at < 0) throw new RangeError("no end");
      const next = file[at + 1];
      if (next && next !== 255 && (next < 208 || next > 215)) return at;
      at += next === 255 ? 1 : 2;
    }
  }
  function orientationOf(tiff) {
    try {
      const little = tiff.getUint16(0) === 18761;
      const first = tiff.getUint32(4, little);
      for (let n = 0; n < tiff.getUint16(first, little); n += 1) {
        const entry = first + 2 + 12 * n;
        if (tiff.getUint16(entry, little) === ORIENTATION) return tiff.getUint16(entry + 8, little);
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    return 1;
  }
  function exif(orientation) {
    if (!(orientation > 1 && orientation < 9)) return new Uint8Array();
    return Uint8Array.of(
      255,
      225,
      0,
      34,
      ...[..."Exif\0\0MM"].map((letter) => letter.charCodeAt(0)),
      0,
      42,
      0,
      0,
      0,
      8,
      0,
      1,
      1,
      18,
      0,
      3,
      0,
      0,
      0,
      1,
      0,
      orientation,
      0,
      0,
      0,
      0,
      0,
      0
    );
  }
  function joined(parts) {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  // lens.js
  var LONGEST = 1600;
  function cameraTrouble({ name }, otherwise = "") {
    const reasons = {
      NotAllowedError: "The browser was not allowed to use the camera. Allow it beside the page's address and try again",
      NotFoundError: "No camera was found here. Plug one in and try again",
      NotReadableError: "The camera gives no picture. Perhaps another program uses it: close that and try again",
      OverconstrainedError: "This camera is no longer there. Try again"
    };
    return `${reasons[name] ?? "The camera could not be opened. Try again"}${otherwise}.`;
  }
  function encode(picture, width, height, { longest = LONGEST, most = Infinity, quality = 0.92 } = {}) {
    const scale = Math.min(1, longest / Math.max(width, height), Math.sqrt(most / (width * height)));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    if (most < Infinity && !context.getImageData(0, 0, 1, 1).data[3]) return Promise.resolve(null);
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
  }
  function halt(stream) {
    for (const track of stream?.getTracks() ?? []) track.stop();
  }
  async function otherCamera(track) {
    const { facingMode, deviceId } = track.getSettings();
    if (facingMode) return { facingMode: facingMode === "user" ? "environment" : "user" };
    const ids = (await cameras()).map((device) => device.deviceId);
    return { deviceId: { exact: ids[(ids.indexOf(deviceId) + 1) % ids.length] } };
  }
  async function cameras() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === "videoinput");
  }

  // shared.js
  function element(tag, properties = {}, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(properties)) {
      if (key === "dataset") Object.assign(node.dataset, value);
      else if (key in node && key !== "list") node[key] = value;
      else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  }
  function listen(model, el, handlers) {
    const trouble = element("p", { className: "trouble", role: "alert", hidden: true });
    el.prepend(trouble);
    const receive = (message, buffers) => {
      trouble.hidden = message.kind !== "error";
      trouble.textContent = message.kind === "error" ? message.text : "";
      handlers[message.kind]?.(message, buffers);
    };
    model.on("msg:custom", receive);
    model.send({ kind: "ready", view: crypto.getRandomValues(new Uint32Array(2)).join("-") });
    return () => model.off("msg:custom", receive);
  }

  // intake.js
  var LARGEST_RAW = 9 * 1024 * 1024;
  var MOST = 24e6;
  var LONGEST_CANVAS = 16384;
  var PATIENCE = 2e4;
  var ASLEEP = "The photo is ready. It goes off as soon as the computer behind this page is awake…";
  async function decode(file) {
    try {
      return await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch {
      return null;
    }
  }
  async function enlarge(file) {
    const bitmap = await decode(file);
    if (!bitmap) return null;
    const { width, height } = bitmap;
    let bytes = null;
    if (file.size <= LARGEST_RAW && width * height <= MOST)
      bytes = bare(new Uint8Array(await file.arrayBuffer()));
    for (let most = MOST; most > MOST / 10 && !bytes; most /= 2) {
      const blob = await encode(bitmap, width, height, { longest: LONGEST_CANVAS, most });
      if (blob?.size <= LARGEST_RAW) bytes = new Uint8Array(await blob.arrayBuffer());
    }
    bitmap.close();
    return bytes?.buffer;
  }
  var carriesFiles = (event) => [...event.dataTransfer?.types ?? []].includes("Files");
  var pictureIn = (files) => [...files].find((file) => file.type.startsWith("image/")) ?? files[0];
  function draw({ model, el, signal: signal2 }) {
    const chooser = element("input", { type: "file", accept: "image/*,.heic,.heif", hidden: true });
    const upload = element("button", { type: "button", className: "main" }, "Choose a photo");
    const camera = element(
      "button",
      { type: "button", hidden: !navigator.mediaDevices?.getUserMedia },
      "Use the camera"
    );
    const example = element("button", { type: "button" }, "Try the example");
    const clear = element("button", { type: "button", hidden: true }, "Clear");
    const invite = element(
      "p",
      { className: "invite" },
      "Drop a photo of a face here, paste one, or choose a file."
    );
    const buttons = element("div", { className: "buttons" }, upload, camera, example, clear, chooser);
    const video = element("video", { playsInline: true, muted: true, ariaLabel: "What the camera sees" });
    const shoot = element("button", { type: "button", className: "main" }, "Take the photo");
    const turn = element("button", { type: "button", hidden: true }, "Turn around");
    const close = element("button", { type: "button" }, "Close the camera");
    const note = element("small");
    const finder = element(
      "div",
      { className: "finder", hidden: true },
      video,
      note,
      element("div", { className: "buttons" }, shoot, turn, close)
    );
    const well = element("div", { className: "well" }, invite, buttons, finder);
    const status = element("p", { className: "status", role: "status", dataset: { state: "empty" } });
    const notice = element("p", { className: "notice", role: "status", hidden: true });
    const privacy = element("small", { className: "privacy" });
    el.classList.add("facelens", "intake");
    el.append(well, status, notice, privacy);
    let preparing = null;
    let awaited = null;
    let shrunk = null;
    let full = false;
    let settled = { text: "", state: "empty" };
    let stream = null;
    let patience;
    const say = (text2, state) => {
      clearTimeout(patience);
      const busy = state === "busy";
      if (!busy) settled = { text: text2, state };
      status.textContent = text2;
      status.dataset.state = state;
      well.ariaBusy = String(busy);
      const small = busy || full;
      el.classList.toggle("full", small);
      upload.textContent = small ? "Another photo" : "Choose a photo";
      camera.textContent = small ? "Camera" : "Use the camera";
      example.textContent = small ? "Example" : "Try the example";
      clear.textContent = busy ? "Cancel" : "Clear";
      clear.hidden = !small;
      if (busy && !model.asleep) bePatient();
    };
    const bePatient = () => {
      clearTimeout(patience);
      patience = setTimeout(() => {
        status.textContent = "This takes unusually long. If nothing happens, reload the page.";
      }, PATIENCE);
    };
    const hush = (on) => el.closest(".facelens-page")?.classList.toggle("facelens-hushed", on);
    const ask = (kind, content = {}, buffers = []) => {
      if (awaited) hush(true);
      awaited = String(Math.random());
      shrunk = null;
      full = kind !== "clear";
      model.send({ kind, turn: awaited, ...content }, void 0, buffers);
    };
    const leaveCamera = () => {
      halt(stream);
      stream = null;
      video.srcObject = null;
      finder.hidden = true;
      buttons.hidden = false;
      el.classList.remove("live");
    };
    const begin2 = (text2) => {
      leaveCamera();
      say(text2, "busy");
      preparing = {};
      return preparing;
    };
    const give = async (blob, name, mine, file = null) => {
      const bytes = await blob?.arrayBuffer().catch(() => null);
      if (preparing !== mine) return;
      preparing = null;
      if (!bytes) {
        say("The photo could not be read. Please try it again.", "error");
        return;
      }
      say(model.asleep ? ASLEEP : "Sending the photo…", "busy");
      ask("photo", file ? { name, shrunk: true } : { name }, [bytes]);
      shrunk = file && { file, name, bytes };
    };
    const giveMore = async () => {
      const { file, name, bytes } = shrunk;
      const mine = {};
      preparing = mine;
      say("The faces are small. Making a larger copy of the photo ready to send…", "busy");
      const more = await enlarge(file).catch(() => null);
      if (preparing !== mine) return;
      preparing = null;
      awaited = null;
      say("Sending the larger copy…", "busy");
      ask("photo", { name }, [more ?? bytes]);
    };
    const take = async (file) => {
      if (!file) return;
      const mine = begin2("Reading the photo…");
      const bitmap = await decode(file);
      if (preparing !== mine) {
        bitmap?.close();
        return;
      }
      let blob = null;
      let larger = false;
      if (bitmap) {
        larger = Math.max(bitmap.width, bitmap.height) > LONGEST;
        say("Making the photo ready to send…", "busy");
        blob = await encode(bitmap, bitmap.width, bitmap.height);
        bitmap.close();
        if (preparing !== mine) return;
      }
      blob ??= file;
      if (blob.size > LARGEST_RAW) {
        preparing = null;
        say("Your browser cannot read this file and it is too large to send; try a JPEG.", "error");
        return;
      }
      await give(blob, file.name || "pasted photo", mine, larger && blob !== file ? file : null);
    };
    const refuse = (error) => {
      leaveCamera();
      say(cameraTrouble(error, ", or choose a photo"), "error");
      camera.focus();
    };
    const openCamera = async (wish) => {
      halt(stream);
      stream = null;
      shoot.disabled = turn.disabled = true;
      say("Waiting for the camera. Your browser may ask whether this page may use it.", "busy");
      clearTimeout(patience);
      const mine = {};
      preparing = mine;
      let arrived;
      try {
        const video2 = { width: { ideal: LONGEST }, resizeMode: "none", ...wish };
        arrived = await navigator.mediaDevices.getUserMedia({ audio: false, video: video2 });
      } catch (error) {
        if (preparing !== mine) return;
        preparing = null;
        refuse(error);
        return;
      }
      if (preparing !== mine) {
        halt(arrived);
        return;
      }
      preparing = null;
      say(settled.text, settled.state);
      if (document.hidden) {
        halt(arrived);
        leaveCamera();
      } else {
        await show2(arrived);
      }
    };
    const show2 = async (arrived) => {
      stream = arrived;
      const [track] = arrived.getVideoTracks();
      track.onended = () => {
        if (stream !== arrived) return;
        leaveCamera();
        say("The camera has stopped. Open it again, or choose a photo.", "error");
      };
      const mirrored = track.getSettings().facingMode !== "environment";
      video.classList.toggle("mirrored", mirrored);
      note.textContent = mirrored ? "You see yourself as in a mirror; the photo is not mirrored. Nothing is sent before you take it." : "Nothing is sent before you take the photo.";
      video.srcObject = arrived;
      finder.hidden = false;
      buttons.hidden = true;
      el.classList.add("live");
      try {
        await video.play();
        turn.hidden = (await cameras()).length < 2;
      } catch (error) {
        if (stream === arrived) refuse(error);
        return;
      }
      if (stream !== arrived) return;
      shoot.disabled = turn.disabled = false;
      shoot.focus();
    };
    const closeCamera = () => {
      preparing = null;
      leaveCamera();
      say(settled.text, settled.state);
      camera.focus();
    };
    upload.onclick = () => chooser.click();
    chooser.onchange = () => {
      take(chooser.files[0]);
      chooser.value = "";
    };
    example.onclick = () => {
      begin2(model.asleep ? ASLEEP : "Looking for faces…");
      preparing = null;
      ask("example");
    };
    clear.onclick = () => {
      const onlyHere = preparing && !awaited;
      preparing = null;
      leaveCamera();
      if (onlyHere) {
        say(settled.text, settled.state);
      } else {
        ask("clear");
        say("", "empty");
      }
      upload.focus();
    };
    camera.onclick = () => openCamera({ facingMode: "user" });
    turn.onclick = async () => {
      const shown = stream;
      const wish = await otherCamera(shown.getVideoTracks()[0]);
      if (stream === shown) openCamera(wish);
    };
    close.onclick = closeCamera;
    shoot.onclick = async () => {
      const frame = encode(video, video.videoWidth, video.videoHeight);
      const mine = begin2("Making the photo ready to send…");
      upload.focus();
      await give(await frame, "camera photo", mine);
    };
    const zone = document.body.dataset.voila ? document : well;
    const options = { signal: signal2 };
    zone.addEventListener("dragover", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      well.classList.add("over");
    }, options);
    zone.addEventListener("dragleave", () => well.classList.remove("over"), options);
    zone.addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      well.classList.remove("over");
      take(pictureIn(event.dataTransfer.files));
    }, options);
    document.addEventListener("paste", (event) => {
      if (event.target.closest?.("input, textarea, [contenteditable], .jp-Cell-inputArea")) return;
      const file = pictureIn(event.clipboardData?.files ?? []);
      if (!file) return;
      event.preventDefault();
      take(file);
    }, options);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !finder.hidden) closeCamera();
    }, options);
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && stream) leaveCamera();
    }, options);
    const leave = () => {
      preparing = null;
      leaveCamera();
    };
    window.addEventListener("pagehide", () => {
      leave();
      model.send({ kind: "clear" });
    }, options);
    const silence = listen(model, el, {
      text: (message) => {
        privacy.textContent = message.privacy;
      },
      notice({ text: text2 }) {
        notice.textContent = text2;
        notice.hidden = !text2;
        if (status.dataset.state === "busy" && !model.asleep) bePatient();
      },
      more({ turn: asked }) {
        if (asked !== awaited || !shrunk) return;
        if (preparing) ask("photo", { name: shrunk.name }, [shrunk.bytes]);
        else giveMore();
      },
      awake: () => {
        if (status.textContent === ASLEEP) say("Waking up the network…", "busy");
      },
      status({ text: text2, state, turn: answered }) {
        if (awaited && answered !== awaited) return;
        hush(false);
        if (state !== "error" || answered) full = state !== "empty";
        if (state !== "busy") awaited = null;
        if (!preparing) say(text2, state);
        else if (state !== "busy") settled = { text: text2, state };
      }
    });
    return () => {
      clearTimeout(patience);
      leave();
      hush(false);
      silence();
    };
  }

  // early.js
  function standIn() {
    const ears = /* @__PURE__ */ new Set();
    let kept = [];
    let real = null;
    return {
      get asleep() {
        return !real;
      },
      on: (kind, ear) => {
        ears.add(ear);
        real?.on(kind, ear);
      },
      off: (kind, ear) => {
        ears.delete(ear);
        real?.off(kind, ear);
      },
      // Whatever is said before there is a kernel is about the wish that waits for it.
      hear: (message) => ears.forEach((ear) => ear({ turn: kept.at(-1)?.[0].turn, ...message }, [])),
      send: (...wish) => {
        if (real) real.send(...wish);
        else if (wish[0].kind === "ready") kept = [wish];
        else kept = [kept[0], wish];
      },
      join: (model) => {
        real = model;
        for (const ear of ears) model.on("msg:custom", ear);
        for (const wish of kept) model.send(...wish);
        const waited = kept.length > 1;
        kept = [];
        return waited;
      }
    };
  }
  function drawEarly(el) {
    const model = standIn();
    const end = new AbortController();
    const tidy = draw({ model, el, signal: end.signal });
    globalThis.facelensEarly = {
      takeOver(real, { el: place2, signal: signal2 }) {
        const focused = el.contains(document.activeElement) && document.activeElement;
        const video = el.querySelector("video");
        if (place2.moveBefore && el.isConnected && place2.isConnected) place2.moveBefore(el, null);
        else place2.append(el);
        document.getElementById("early")?.remove();
        focused?.focus?.({ preventScroll: true });
        if (video.srcObject) video.play().catch(() => {
        });
        signal2.addEventListener("abort", () => end.abort());
        if (model.join(real)) model.hear({ kind: "awake" });
        return tidy;
      }
    };
    model.end = () => {
      delete globalThis.facelensEarly;
      tidy();
      end.abort();
      document.getElementById("early")?.remove();
    };
    return model;
  }

  // kernel.js
  var PROTOCOL = "v1.kernel.websocket.jupyter.org";
  var LONGEST_PAUSE = 3e4;
  var REFUSALS = 4;
  var CONTROL = { version: "1.0.0" };
  var anyName = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  var asBytes = (value) => new TextEncoder().encode(JSON.stringify(value));
  var asValue = (bytes) => JSON.parse(new TextDecoder().decode(bytes));
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
    return Array.from({ length: number(0) - 1 }, (_, i) => new DataView(message, number(i + 1), number(i + 2) - number(i + 1)));
  }
  function signal() {
    const ears = /* @__PURE__ */ new Set();
    return {
      connect: (ear) => ears.add(ear),
      disconnect: (ear) => ears.delete(ear),
      emit: (what) => ears.forEach((ear) => ear(null, what))
    };
  }
  function connect(base, id) {
    const session = anyName();
    const address = `${base}api/kernels/${id}`;
    const socketAddress = `${address.replace(/^http/, "ws")}/channels?session_id=${session}`;
    const kernel2 = { statusChanged: signal(), connectionStatusChanged: signal(), kept: false };
    const comms = /* @__PURE__ */ new Map();
    let unsent = [];
    let socket, ready, failures = 0;
    let giveUp = () => {
    };
    kernel2.given = new Promise((done) => {
      giveUp = done;
    });
    const write = (type, content, buffers = []) => {
      const header = {
        msg_id: anyName(),
        msg_type: type,
        session,
        username: "",
        version: "5.3",
        date: (/* @__PURE__ */ new Date()).toISOString()
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
        kernel2.statusChanged.emit(asValue(content).execution_state);
      } else if (type === "shutdown_reply") {
        kernel2.statusChanged.emit(asValue(content).restart ? "restarting" : "dead");
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
        kernel2.connectionStatusChanged.emit("connected");
        socket.send(write("kernel_info_request", {}));
      };
      socket.onmessage = (event) => receive(unpack(event.data));
      socket.onclose = async () => {
        ready = false;
        if (!kernel2.kept && failures >= REFUSALS) {
          giveUp();
          return;
        }
        kernel2.connectionStatusChanged.emit("connecting");
        const answer = await fetch(address).catch(() => null);
        if (answer?.status === 404) kernel2.statusChanged.emit("dead");
        else setTimeout(open, Math.min(LONGEST_PAUSE, 1e3 * 2 ** failures++));
      };
    };
    open();
    kernel2.hear = (comm, hear) => comms.set(comm, hear);
    kernel2.send = (type, content, buffers) => {
      const message = write(type, content, buffers);
      if (ready && socket.readyState === WebSocket.OPEN) {
        socket.send(message);
        return;
      }
      const comm = content.comm_id;
      const { turn: wish, kind } = content.data?.content ?? {};
      const isStale = (each) => each.wish && each.comm === comm && (kind !== "frame" || each.kind === kind);
      if (wish) unsent = unsent.filter((each) => !isStale(each));
      unsent.push({ message, comm, wish, kind });
    };
    addEventListener("pagehide", () => {
      socket.onclose = null;
      const form = new FormData();
      form.append("_xsrf", document.cookie.match(/\b_xsrf=([^;]*)/)?.[1] ?? "");
      navigator.sendBeacon(`${base}voila/api/shutdown/${id}`, form);
    });
    addEventListener("pageshow", (event) => {
      if (event.persisted) location.reload();
    });
    return kernel2;
  }
  function widgets(kernel2) {
    const comm = anyName();
    return new Promise((done) => {
      kernel2.given.then(() => done());
      kernel2.hear(comm, (data) => done(data.states));
      kernel2.send("comm_open", {
        comm_id: comm,
        target_name: "jupyter.widget.control",
        target_module: null,
        data: {}
      });
      kernel2.send("comm_msg", { comm_id: comm, data: { method: "request_states" } });
    });
  }

  // privacy.txt
  var privacy_default = "Your photo goes to the server that runs this page, stays in its memory, and is gone when you press Clear or close the page. Use only a photo of yourself, or of someone who has agreed.\n";

  // page.js
  var VIEW = "application/vnd.jupyter.widget-view+json";
  var OUTPUT = 'script[type="application/vnd.voila.cell-output+json"]';
  var INTAKE = "facelens.ui.intake.";
  var HEARTBEATS = 12;
  var NO_KERNEL = "The computer behind this page does not answer. Please reload the page.";
  var inside = ({ state }) => (state.children ?? []).map((name) => name.replace("IPY_MODEL_", ""));
  function tree(states, id) {
    const widget = states[id];
    if (widget?.model_module === "anywidget") {
      return widget.state._anywidget_id?.startsWith("facelens.") ? [{ id, ...widget }] : null;
    }
    if (widget?.model_name !== "BoxModel") return null;
    const below = inside(widget).map((child) => tree(states, child));
    return below.includes(null) ? null : [{ id, ...widget }, ...below.flat()];
  }
  function modelOf(kernel2, { id, state }) {
    const ears = /* @__PURE__ */ new Set();
    kernel2.hear(id, ({ method, content }, buffers) => {
      if (method === "custom") ears.forEach((ear) => ear(content, buffers));
    });
    return {
      on: (_, ear) => ears.add(ear),
      off: (_, ear) => ears.delete(ear),
      get: (name) => state[name],
      send: (content, _, buffers) => {
        kernel2.send("comm_msg", { comm_id: id, data: { method: "custom", content } }, buffers);
      },
      widget_manager: { kernel: kernel2 }
    };
  }
  async function moduleOf({ state }) {
    const url = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
    return import(url).finally(() => URL.revokeObjectURL(url));
  }
  function unveil() {
    document.getElementById("rendered_cells").style.display = "";
  }
  async function show(kernel2, outputs) {
    const ids = outputs.map((output) => JSON.parse(output.textContent).data?.[VIEW]?.model_id);
    if (!ids.length || !ids.every(Boolean)) return false;
    const states = await widgets(kernel2);
    if (!states) return false;
    intakeComes = Object.values(states).some(({ state }) => state._anywidget_id?.startsWith(INTAKE));
    const trees = ids.map((id) => tree(states, id));
    if (trees.includes(null)) return false;
    const all = trees.flat();
    const views = all.filter(({ state }) => state._esm);
    const modules = await Promise.all(views.map(moduleOf));
    const nodes = /* @__PURE__ */ new Map();
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
    unveil();
    for (const [i, view] of [...views.entries()].reverse()) {
      const el = nodes.get(view.id);
      try {
        modules[i].default.render({
          model: modelOf(kernel2, view),
          el,
          signal: new AbortController().signal
        });
      } catch (error) {
        reportError(error);
        el.textContent = "This part of the page could not be drawn. Please reload the page.";
      }
    }
    return true;
  }
  function loadVoila() {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    AbortSignal.timeout = (milliseconds) => timeout(Math.max(milliseconds, 12e4));
    const listen2 = window.addEventListener.bind(window);
    window.addEventListener = (type, ear, ...more) => {
      if (type === "load" && document.readyState === "complete") ear();
      else listen2(type, ear, ...more);
    };
    const script = document.createElement("script");
    script.src = `${config.fullStaticUrl}/voila.js`;
    document.body.append(script);
  }
  function drawWaiting(el) {
    const line = element("p", { className: "status", role: "status", dataset: { state: "busy" } }, "Waking up the network…");
    el.classList.add("facelens", "intake");
    el.append(line);
    const end = () => document.getElementById("early")?.remove();
    return {
      hear({ text: text2, state }) {
        line.textContent = text2;
        line.dataset.state = state;
      },
      end,
      over: end
    };
  }
  var kernel;
  var config;
  var drawn = false;
  var intakeComes = false;
  var heartbeats = 0;
  function despair() {
    if (!drawn) early.hear({ kind: "status", state: "error", text: NO_KERNEL });
  }
  function begin() {
    config ??= JSON.parse(document.getElementById("jupyter-config-data").textContent);
    if (kernel) return;
    kernel = connect(new URL(config.baseUrl, location.href).href, config.kernelId);
    kernel.statusChanged.connect((_, status) => {
      if (["dead", "restarting", "autorestarting"].includes(status)) despair();
    });
  }
  function wait() {
    heartbeats += 1;
    if (heartbeats === HEARTBEATS) despair();
  }
  async function finish() {
    begin();
    const outputs = [...document.querySelectorAll(OUTPUT)];
    const shown = await show(kernel, outputs).catch((error) => {
      reportError(error);
      return false;
    });
    drawn = kernel.kept = true;
    if (shown) {
      early.over?.();
      return;
    }
    unveil();
    if (!intakeComes) early.end();
    loadVoila();
  }
  var place = document.querySelector("#early .facelens-column > div");
  var early;
  if (document.getElementById("early").dataset.input === "camera") {
    early = drawWaiting(place);
  } else {
    early = drawEarly(place);
    early.hear({ kind: "text", privacy: privacy_default.trim() });
  }
  var whole = false;
  window.voila_process = begin;
  window.voila_finish = () => {
    whole = true;
    finish();
  };
  window.voila_heartbeat = wait;
  addEventListener("load", () => {
    if (!whole) despair();
  });
})();
