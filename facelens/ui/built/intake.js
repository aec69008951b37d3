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
function render(view) {
  const early = globalThis.facelensEarly;
  delete globalThis.facelensEarly;
  return early ? early.takeOver(view.model, view) : draw(view);
}
function draw({ model, el, signal }) {
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
  const begin = (text2) => {
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
    const mine = begin("Reading the photo…");
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
      await show(arrived);
    }
  };
  const show = async (arrived) => {
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
    begin(model.asleep ? ASLEEP : "Looking for faces…");
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
    const mine = begin("Making the photo ready to send…");
    upload.focus();
    await give(await frame, "camera photo", mine);
  };
  const zone = document.body.dataset.voila ? document : well;
  const options = { signal };
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
var intake_default = { render };
export {
  intake_default as default,
  draw
};
