const LONGEST = 1600;
// One websocket message carries the photo, and the server drops what is over 10 MiB.
const LARGEST_RAW = 9 * 1024 * 1024;
const PATIENCE = 20000;

/** The photo upright on white as JPEG, no side over LONGEST; null if the browser cannot read it. */
async function shrink(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
}

const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const pictureIn = (files) => [...files].find((file) => file.type.startsWith("image/")) ?? files[0];

function render({ model, el, signal }) {
  const chooser = element("input", { type: "file", accept: "image/*,.heic,.heif", hidden: true });
  const upload = element("button", { type: "button", className: "main" }, "Choose a photo");
  const example = element("button", { type: "button" }, "Try the example");
  const clear = element("button", { type: "button", hidden: true }, "Clear");
  const invite = element(
    "p",
    { className: "invite" },
    "Drop a photo of a face here, paste one, or choose a file.",
  );
  const buttons = element("div", { className: "buttons" }, upload, example, clear, chooser);
  const well = element("div", { className: "well" }, invite, buttons);
  const status = element("p", { className: "status", role: "status", dataset: { state: "empty" } });
  const privacy = element("small", { className: "privacy" });
  el.classList.add("facelens", "intake");
  el.append(well, status, privacy);

  let patience;
  const say = (text, state) => {
    clearTimeout(patience);
    status.textContent = text;
    status.dataset.state = state;
    const full = state !== "empty";
    el.classList.toggle("full", full);
    upload.textContent = full ? "Another photo" : "Choose a photo";
    example.textContent = full ? "Example" : "Try the example";
    clear.hidden = !full;
    if (state === "busy") {
      patience = setTimeout(() => {
        status.textContent = "This takes unusually long. If nothing happens, reload the page.";
      }, PATIENCE);
    }
  };

  const take = async (file) => {
    if (!file) return;
    say("Reading the photo…", "busy");
    const blob = (await shrink(file)) ?? file;
    if (blob.size > LARGEST_RAW) {
      say("Your browser cannot read this file and it is too large to send; try a JPEG.", "error");
      return;
    }
    const bytes = await blob.arrayBuffer();
    say("Looking for faces…", "busy");
    model.send({ kind: "photo", name: file.name || "pasted photo" }, undefined, [bytes]);
  };

  upload.onclick = () => chooser.click();
  chooser.onchange = () => {
    take(chooser.files[0]);
    chooser.value = "";
  };
  example.onclick = () => {
    say("Looking for faces…", "busy");
    model.send({ kind: "example" });
  };
  clear.onclick = () => {
    say("", "empty");
    model.send({ kind: "clear" });
    upload.focus();
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
    take(pictureIn(event.dataTransfer.files));
  }, options);
  document.addEventListener("paste", (event) => {
    if (event.target.closest?.("input, textarea, [contenteditable], .jp-Cell-inputArea")) return;
    const file = pictureIn(event.clipboardData?.files ?? []);
    if (!file) return;
    event.preventDefault();
    take(file);
  }, options);

  // Closing the page lets go of the photo even where the kernel lives on.
  window.addEventListener("pagehide", () => model.send({ kind: "clear" }), options);

  const silence = listen(model, el, {
    text: (message) => { privacy.textContent = message.privacy; },
    status: (message) => say(message.text, message.state),
    clear: () => say("", "empty"),
  });
  return () => {
    clearTimeout(patience);
    silence();
  };
}

export default { render };
