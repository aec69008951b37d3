import { examples, THUMBS } from "./examples.js";
import { decode, enlarge, isHeic, LARGEST_RAW, picturesIn } from "./files.js";
import HEIC from "./heic.txt";
import { cameras, cameraTrouble, encode, halt, LONGEST, otherCamera } from "./lens.js";
import { hearMissed, offers, tellMissed } from "./missed.js";
import { preview } from "./preview.js";
import { element, listen } from "./shared.js";
import { strip } from "./strip.js";
import { undo } from "./undo.js";

const PATIENCE = 20000;
// What is held in a hand has its camera in front of a face, and nothing to drop.
const HELD = matchMedia("(pointer: coarse)").matches;
const ASLEEP = "The photo is ready. It goes off as soon as the computer behind this page is awake…";
// What is said of a photo on its way; nothing is on its way where the host is this very browser.
const SENDING = "Sending the photo…";
const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
function render(view) {
  const early = globalThis.facelensEarly;
  delete globalThis.facelensEarly;
  return early ? early.takeOver(view.model, view) : draw(view);
}

/** Draw the intake into `el`; what is returned takes it away. */
export function draw({ model, el, signal }) {
  const sending = model.near ? "Reading the photo…" : SENDING;
  const chooser = element("input", { type: "file", accept: "image/*,.heic,.heif", multiple: true, hidden: true });
  const upload = element("button", { type: "button" }, "Choose a photo");
  // Browsers keep the camera from pages that came over plain HTTP from another computer.
  const camera = element(
    "button",
    { type: "button", hidden: !navigator.mediaDevices?.getUserMedia },
    "Use the camera",
  );
  const example = element("button", { type: "button", className: "example" }, "Try the example");
  const clear = element("button", { type: "button", hidden: true }, "Clear");
  const invite = element(
    "p",
    { className: "invite" },
    HELD ? "Take a photo of a face, or choose one." : "Drop a photo of a face here, paste one, or choose a file.",
  );
  const leads = HELD && !camera.hidden ? [camera, upload] : [upload, camera];
  leads[0].className = "main";
  const buttons = element("div", { className: "buttons" }, ...leads, example, clear, chooser);
  const row = examples((number) => tryExample(number));

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
    element("div", { className: "buttons" }, shoot, turn, close),
  );

  const well = element("div", { className: "well" }, invite, buttons, row, finder);
  const status = element("p", { className: "status", role: "status", dataset: { state: "empty" } });
  const notice = element("p", { className: "notice", role: "status", hidden: true });
  const privacy = element("small", { className: "privacy" });
  el.classList.add("facelens", "intake");
  const local = preview();
  const several = strip((file) => take([file]));
  const cleared = undo(({ wish, files }) => {
    if (files.length) several.show(files);
    repeat(wish, model.near ? sending : "Sending the photo again…");
    upload.focus();
  });
  const tries = offers(
    (how) => search({ how }),
    () => tellMissed(el, { draw: true }),
  );
  el.append(well, several.el, status, cleared.el, tries, notice, local.el, privacy);

  // `preparing` stands for the photo that the browser is getting ready: whatever waits looks at it
  // afterwards and gives up if it has changed. `awaited` is the wish that the kernel has not yet
  // answered: what the kernel still says about an older one is not for showing.
  let preparing = null;
  let awaited = null;
  // The wish on its way, and the one whose answer is on the page: what fails or is cancelled goes
  // back to that.
  let wished = null;
  let shown = null;
  // What was searched for in the photo on the page and found; a photo that comes back gets it again.
  let searching = null;
  let replay = [];
  let faceless = false;
  // The photo that was sent, where it was sent smaller than it is.
  let shrunk = null;
  let full = false;
  let settled = { text: "", state: "empty" };
  let stream = null;
  let patience;

  const say = (text, state) => {
    clearTimeout(patience);
    const busy = state === "busy";
    if (!busy) settled = { text, state };
    status.textContent = text;
    status.dataset.state = state;
    // Not around the status line: what is busy is not read out.
    well.ariaBusy = String(busy);
    const small = busy || full;
    el.classList.toggle("full", small);
    upload.textContent = small ? "Another photo" : "Choose a photo";
    camera.textContent = small ? "Camera" : "Use the camera";
    example.textContent = small ? "Example" : "Try the example";
    clear.textContent = busy ? "Cancel" : "Clear";
    clear.hidden = !small && several.el.hidden && state !== "error";
    tries.hidden = !faceless;
    if (!busy) local.hide();
    if (busy && !model.asleep) bePatient();
  };
  const bePatient = () => {
    clearTimeout(patience);
    patience = setTimeout(() => {
      status.textContent = "This takes unusually long. If nothing happens, reload the page.";
    }, PATIENCE);
  };

  // The kernel takes one message after the other, so a photo that has been sent is read to its end.
  // If it is no longer wanted, its answers stay out of sight until the next wish has its turn.
  const hush = (on) => el.closest(".facelens-page")?.classList.toggle("facelens-hushed", on);

  const ask = (kind, content = {}, buffers = []) => {
    if (awaited) hush(true);
    awaited = String(Math.random());
    shrunk = null;
    full = kind !== "clear";
    searching = kind === "search" ? content : null;
    if (kind !== "search") {
      wished = full ? { kind, content, buffers, searches: [] } : null;
      replay = [];
    }
    model.send({ kind, turn: awaited, ...content }, undefined, buffers);
  };

  /** Ask what was asked before, as it was. */
  const repeat = (wish, text) => {
    begin(model.asleep ? ASLEEP : text);
    preparing = null;
    ask(wish.kind, wish.content, wish.buffers);
    wished = { ...wish, searches: [] };
    replay = [...wish.searches];
    shrunk = wish.shrunk ?? null;
  };

  const search = ({ how, box = null }) => {
    if (!shown) return;
    begin("Looking for faces…");
    preparing = null;
    ask("search", { how, box });
  };

  const leaveCamera = () => {
    halt(stream);
    stream = null;
    video.srcObject = null;
    finder.hidden = true;
    buttons.hidden = false;
    el.classList.remove("live");
  };

  const begin = (text) => {
    leaveCamera();
    cleared.end();
    say(text, "busy");
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
    say(model.asleep ? ASLEEP : sending, "busy");
    ask("photo", file ? { name, shrunk: true } : { name }, [bytes]);
    shrunk = file && { file, name, bytes };
    wished.shrunk = shrunk;
  };

  /** Send the photo once more, larger: its faces are small. */
  const giveMore = async () => {
    const { file, name, bytes } = shrunk;
    const mine = {};
    preparing = mine;
    say("The faces are small. Making a larger copy of the photo ready to send…", "busy");
    const more = await enlarge(file).catch(() => null);
    if (preparing !== mine) return;
    preparing = null;
    awaited = null; // the page shows nothing of the smaller copy that would have to be hidden
    say("Sending the larger copy…", "busy");
    ask("photo", { name }, [more ?? bytes]);
    if (more) wished.smaller = bytes;
  };

  const take = async (files) => {
    const [file, ...others] = files;
    if (!file) return;
    if (others.length) {
      leaveCamera();
      cleared.end();
      several.show(files);
      clear.hidden = false;
      return;
    }
    const mine = begin("Reading the photo…");
    if (model.asleep) local.show(file);
    if (model.near) { // no message limits its size, and to encode it again moves the answers
      await give(file, file.name || "pasted photo", mine);
      return;
    }
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
      say(isHeic(file)
        ? `${file.name} ${HEIC.trim()}`
        : "Your browser cannot read this file and it is too large to send; try a JPEG.", "error");
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
    halt(stream); // a phone opens its second camera only when the first is closed
    stream = null;
    shoot.disabled = turn.disabled = true;
    say("Waiting for the camera. Your browser may ask whether this page may use it.", "busy");
    clearTimeout(patience); // a question to a person may take its time
    const mine = {};
    preparing = mine;
    let arrived;
    try {
      // Without resizeMode a browser may cut the picture to come closer to the width.
      const video = { width: { ideal: LONGEST }, resizeMode: "none", ...wish };
      arrived = await navigator.mediaDevices.getUserMedia({ audio: false, video });
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
    const unsent = model.near ? "The photo stays on this device." : "Nothing is sent before you take the photo.";
    note.textContent = mirrored
      ? `You see yourself as in a mirror; the photo is not mirrored. ${unsent}`
      : unsent;
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
    take([...chooser.files]);
    chooser.value = "";
  };
  const tryExample = (number) => {
    begin(model.asleep ? ASLEEP : "Looking for faces…");
    preparing = null;
    if (model.asleep) local.show(THUMBS[number - 1]);
    ask("example", { number });
  };
  // Once an example is on the page, the button goes on to the next.
  example.onclick = () => tryExample(1 + ((shown?.content.number ?? 0) % THUMBS.length));
  clear.onclick = () => {
    const onlyHere = preparing && !awaited;
    const busy = status.dataset.state === "busy";
    preparing = null;
    leaveCamera();
    if (onlyHere) {
      say(settled.text, settled.state);
    } else if (busy && shown) {
      repeat(shown, "Going back to the photo before…");
    } else {
      const before = { wish: shown, files: several.files };
      several.clear();
      faceless = false;
      shown = null;
      ask("clear");
      if (before.wish) cleared.offer(before);
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
    const mine = begin(model.near ? sending : "Making the photo ready to send…");
    upload.focus();
    const blob = await frame;
    if (model.asleep && blob) local.show(blob);
    await give(blob, "camera photo", mine);
  };

  // On a page of its own a photo may be dropped anywhere: beside the well the browser would open
  // the file and the page would be gone. In a notebook the other cells keep their own drops.
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
    take(picturesIn(event.dataTransfer.files));
  }, options);
  document.addEventListener("paste", (event) => {
    if (event.target.closest?.("input, textarea, [contenteditable], .jp-Cell-inputArea")) return;
    const files = picturesIn(event.clipboardData?.files ?? []);
    if (!files.length) return;
    event.preventDefault();
    take(files);
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
  // Closing the page lets go of the photo even where the kernel lives on.
  window.addEventListener("pagehide", () => {
    leave();
    cleared.end();
    several.clear();
    model.send({ kind: "clear" });
  }, options);

  hearMissed(el, signal, ({ box }) => { if (box) search({ how: "box", box }); });
  const silence = listen(model, el, {
    text: (message) => { privacy.textContent = message.privacy; },
    notice({ text }) {
      notice.textContent = text;
      notice.hidden = !text;
      if (status.dataset.state === "busy" && !model.asleep) bePatient();
    },
    more({ turn: asked }) {
      if (asked !== awaited || !shrunk) return;
      // Whoever is at the next photo gets this one answered as it was sent.
      if (preparing) ask("photo", { name: shrunk.name }, [shrunk.bytes]);
      else giveMore();
    },
    awake() {
      local.sent();
      if (status.textContent === ASLEEP) say("Waking up the network…", "busy");
    },
    status({ text, state, turn: answered }) {
      if (awaited && answered !== awaited) return;
      if (state === "error" && answered && wished?.smaller) {
        // What the kernel has read once it can read again.
        repeat({ ...wished, searches: replay, buffers: [wished.smaller], smaller: null }, "Sending the smaller copy…");
        return;
      }
      hush(false);
      // An error that answers no wish, of a network that cannot be loaded, comes without a photo.
      // One that answers the first photo leaves the page as it was: without one.
      if (state !== "error" || answered) full = state === "error" ? shown !== null : state !== "empty";
      if (state !== "busy") {
        awaited = null;
        if (state !== "error") {
          shown = wished ?? (state === "empty" ? null : shown);
          faceless = state === "none";
          if (searching && shown && (state === "done" || searching.how === "rotate")) shown.searches.push(searching);
        }
        wished = searching = null;
        if (state === "error") replay = [];
        const next = replay.shift();
        if (next && shown && !preparing) {
          search(next);
          return;
        }
      }
      if (!preparing) say(text, state);
      else if (state !== "busy") settled = { text, state };
    },
  });
  return () => {
    clearTimeout(patience);
    leave();
    hush(false);
    silence();
  };
}

export default { render };
