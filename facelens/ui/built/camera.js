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
function probabilityText(probability) {
  const text = probability.toFixed(2);
  return { "1.00": ">0.99", "0.00": "<0.01" }[text] ?? text;
}
function numbers({ buffer, byteOffset, byteLength }, Type) {
  return new Type(buffer.slice(byteOffset, byteOffset + byteLength));
}
function tellChosen(el, name) {
  el.dispatchEvent(new CustomEvent("facelens-chosen", { bubbles: true, detail: name }));
}
function hearChosen(el, signal, hear) {
  hearOnPage("facelens-chosen", el, signal, hear);
}
function hearOnPage(event, el, signal, hear) {
  const page = (node) => node.closest(".facelens-page");
  document.addEventListener(event, ({ target, detail }) => {
    if (target !== el && page(target) === page(el)) hear(detail);
  }, { signal });
}
function watchSight(el, signal, tell) {
  let hidden = false;
  const look = () => {
    const before = hidden;
    hidden = document.hidden || el.isConnected && !el.getClientRects().length;
    if (hidden !== before) tell(hidden);
  };
  document.addEventListener("visibilitychange", look, { signal });
  const sized = new ResizeObserver(look);
  sized.observe(el);
  signal.addEventListener("abort", () => sized.disconnect());
}
function hearDeath({ widget_manager: manager }, signal, tell) {
  const hear = (_, status) => {
    if (["dead", "restarting", "autorestarting", "terminating"].includes(status)) tell();
  };
  manager?.kernel?.statusChanged.connect(hear);
  signal.addEventListener("abort", () => manager?.kernel?.statusChanged.disconnect(hear));
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

// buttons.js
var STAY = 5e3;
function cameraButtons() {
  const start = element("button", { type: "button", className: "main" }, "Start the camera");
  const pause = element("button", { type: "button" });
  const shoot = element("button", { type: "button", className: "main" }, "Take a snapshot");
  const other = element("button", { type: "button", hidden: true }, "Other camera");
  const stop = element("button", { type: "button" });
  const back = element("button", { type: "button", className: "main" }, "Back to the camera");
  const row = element("div", { className: "buttons" }, start, shoot, pause, other, stop, back);
  return {
    row,
    start,
    pause,
    shoot,
    other,
    stop,
    back,
    /** Show those that fit `mode`; `startable`: a camera could be opened, `dead`: no kernel. */
    show(mode, { startable, dead }) {
      const moves = mode === "live" || mode === "paused";
      shoot.hidden = pause.hidden = !moves;
      start.hidden = mode !== "off" || !startable || dead;
      stop.hidden = !moves && mode !== "asking";
      stop.textContent = moves ? "Stop" : "Cancel";
      if (!moves) other.hidden = true;
      back.hidden = mode !== "still" || dead;
      pause.textContent = mode === "paused" ? "Go on" : "Pause";
    },
    /** Before there is a picture, there is nothing to take or to stop. */
    wait(yes) {
      shoot.disabled = pause.disabled = yes;
    }
  };
}
function faceButtons(pick, next) {
  const row = element("div", { className: "picks", role: "group", ariaLabel: "Faces in sight", hidden: true });
  let crowd = 0;
  return {
    row,
    /** Show the faces `there`, of which `picked` is chosen. */
    show(there, picked, now) {
      const known = new Map([...row.children].map((button) => [Number(button.dataset.number), button]));
      for (const [number, button] of known) {
        if (there.includes(number)) continue;
        if (button === document.activeElement) (button.nextSibling ?? button.previousSibling ?? next).focus();
        button.remove();
      }
      for (const number of there) {
        if (known.has(number)) continue;
        const button = element("button", { type: "button", dataset: { number } }, `Face ${number}`);
        button.onclick = () => pick(number);
        row.insertBefore(button, [...row.children].find((each) => each.dataset.number > number) ?? null);
      }
      for (const button of row.children) button.ariaPressed = String(Number(button.dataset.number) === picked);
      if (there.length > 1) crowd = now;
      row.hidden = !crowd || now - crowd > STAY;
    },
    clear() {
      crowd = 0;
      row.replaceChildren();
    }
  };
}

// also.js
function alsoRead(changed) {
  const boxes = element("div", { className: "line tasks", role: "group", ariaLabel: "Read too" });
  const caution = element("p", { className: "small caution", ariaLive: "polite", hidden: true });
  const node = element("div", { hidden: true }, boxes, caution);
  let offered = [];
  let chosen = [];
  function warn() {
    const texts = offered.filter((each) => chosen.includes(each.task)).map((each) => each.caution).filter(Boolean);
    caution.textContent = texts.join(" ");
    caution.hidden = !texts.length;
  }
  return {
    node,
    /** The names of the tasks that are ticked. */
    get tasks() {
      return chosen;
    },
    /** Offer tasks; what is ticked stays so. */
    offer(tasks) {
      offered = tasks;
      chosen = chosen.filter((name) => tasks.some((each) => each.task === name));
      node.hidden = !tasks.length;
      boxes.replaceChildren(element("span", { className: "small" }, "Read too:"), ...tasks.map(({ task, title }) => {
        const box = element("input", { type: "checkbox", checked: chosen.includes(task) });
        box.onchange = () => {
          chosen = box.checked ? [...chosen, task] : chosen.filter((name) => name !== task);
          warn();
          changed();
        };
        return element("label", { className: "small" }, box, title);
      }));
      warn();
    }
  };
}

// choice.js
function cameraChoice(changed, asked) {
  const where = element("select");
  const bar = element(
    "span",
    { className: "scale small", hidden: true },
    element("span", {}, "nothing"),
    element("i", { ariaHidden: "true" }),
    element("span", {}, "speaks for it")
  );
  const looks = element(
    "div",
    { className: "line" },
    element("label", { className: "small" }, "Where it looks for", where),
    bar
  );
  const also = alsoRead(asked);
  const title = element("summary");
  const boxes = element("div", { className: "groups" });
  const settings = element(
    "div",
    { className: "settings" },
    looks,
    also.node,
    element("details", { className: "choice" }, title, boxes)
  );
  let network = null;
  let chosen = [];
  const describe = (name) => network?.attributes.find((each) => each.name === name);
  function choose() {
    const ticked = [...boxes.querySelectorAll("input")].filter((input) => input.checked).map((input) => input.value);
    chosen = [...chosen.filter((name) => ticked.includes(name)), ...ticked.filter((name) => !chosen.includes(name))];
    entitle();
    changed();
  }
  function entitle() {
    const open = chosen.filter((name) => !describe(name).judgement).map((name) => describe(name).label);
    const folded = chosen.length - open.length;
    if (folded) open.push(folded === 1 ? "one judgement about people" : `${folded} judgements about people`);
    title.textContent = `Written beside a face: ${open.join(", ") || "nothing"}`;
  }
  function paintBar() {
    bar.hidden = !where.value;
  }
  return {
    settings,
    where,
    paintBar,
    get chosen() {
      return chosen;
    },
    get tasks() {
      return also.tasks;
    },
    /** Offer what `next` can say. It keeps what the visitor has chosen, as far as it knows it. */
    offer(next) {
      network = next;
      also.offer(next.tasks ?? []);
      const kept = chosen.filter(describe);
      chosen = kept.length ? kept : network.everyday;
      const item = ({ name, label, note }) => element(
        "label",
        { className: "small", title: note },
        element("input", { type: "checkbox", value: name, checked: chosen.includes(name), onchange: choose }),
        label
      );
      const plain = network.attributes.filter((each) => !each.judgement);
      const judged = network.attributes.filter((each) => each.judgement);
      const groups = network.groups.map(([group, text]) => [text, plain.filter((each) => each.group === group)]);
      boxes.replaceChildren(
        ...groups.filter(([, members]) => members.length).map(([text, members]) => element(
          "fieldset",
          {},
          element("legend", { className: "small" }, text),
          ...members.map(item)
        )),
        ...judged.length ? [element(
          "details",
          { className: "judgements" },
          element("summary", {}, `${network.judgements.title} (${judged.length})`),
          element("p", { className: "small" }, network.judgements.note),
          element("fieldset", { ariaLabel: network.judgements.title }, ...judged.map(item))
        )] : []
      );
      entitle();
      const wanted = where.value;
      const options = plain.toSorted((a, b) => a.label.localeCompare(b.label));
      where.replaceChildren(
        element("option", { value: "" }, "not shown"),
        ...options.map(({ name, label }) => element("option", { value: name }, label))
      );
      where.value = options.some(({ name }) => name === wanted) ? wanted : "";
      paintBar();
    },
    /** Look for attribute `name`, be it a judgement that is folded away. */
    look(name) {
      if (![...where.options].some((option) => option.value === name)) {
        where.append(element("option", { value: name }, describe(name)?.label ?? name));
      }
      where.value = name;
    },
    /** A judgement that was looked for is folded away again: another person may come. */
    fold() {
      if (!describe(where.value)?.judgement) return;
      where.selectedOptions[0].remove();
      where.value = "";
      paintBar();
    }
  };
}

// faces.js
var STAYS = 800;
function facesInSight() {
  const shown = /* @__PURE__ */ new Map();
  let picked = null;
  let met = -Infinity;
  const there = () => [...shown].filter(([, face]) => !face.left).map(([number]) => number);
  return {
    shown,
    there,
    get picked() {
      return picked;
    },
    pick(number) {
      picked = number;
    },
    clear() {
      shown.clear();
      picked = null;
      met = -Infinity;
    },
    /** Take in what the kernel says of a frame; `count` attributes a face. */
    hear(message, [probabilities, logits, maps], count) {
      const now = performance.now();
      for (const face of shown.values()) face.left ??= now;
      const size = message.map ? message.map.height * message.map.width : 0;
      const [p, l, m] = [probabilities, logits, maps].map((each) => each && numbers(each, Float32Array));
      message.faces.forEach((face, i) => {
        const known = shown.get(face.number) ?? { place: face.place, born: now };
        known.values = size ? Array.from(m.subarray(i * size, (i + 1) * size)) : null;
        if (!size || known.map?.name !== message.map.name) known.tinted = null;
        Object.assign(known, {
          target: face.place,
          hints: face.hints,
          weak: face.weak,
          map: message.map,
          left: null,
          said: face.words ?? [],
          points: face.points ?? [],
          probabilities: p.subarray(i * count, (i + 1) * count),
          logits: l.subarray(i * count, (i + 1) * count)
        });
        shown.set(face.number, known);
      });
    },
    /** Stay with the picked face while it is there, and for a moment in which it is missed. */
    follow(now) {
      const numbersNow = there();
      if (numbersNow.includes(picked)) met = now;
      else if (now - met > STAYS) picked = numbersNow[0] ?? null;
    },
    /** Write the attributes `chosen` beside each face, then what other tasks have said of it;
     * `verdict(name, probability, hinted)` decides about the attributes.
     */
    write(chosen, attributes, verdict) {
      for (const face of shown.values()) {
        face.words = chosen.map((name) => {
          const i = attributes.findIndex((each) => each.name === name);
          const probability = face.probabilities[i];
          return {
            label: attributes[i].label,
            probability,
            verdict: verdict(name, probability, face.hints.length > 0 || face.weak?.[name] !== void 0) ?? ""
          };
        });
        face.words.push(...face.said.map(({ label, value, verdict: own }) => ({ label, probability: value, verdict: own ?? "" })));
      }
    },
    /** The middle of the picked face's box, in shares of the picture as the camera took it. */
    middle({ width, height }, mirrored) {
      const { box } = shown.get(picked) ?? {};
      if (!box) return void 0;
      const across = (box.x + box.w / 2) / width;
      return [mirrored ? 1 - across : across, (box.y + box.h / 2) / height];
    },
    /** The number of the face whose box holds this place of the canvas. */
    at(x, y) {
      return [...shown].findLast(([, { box }]) => box && x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h)?.[0];
    }
  };
}

// frames.js
var FRAME = { longest: 640, quality: 0.8 };
var PATIENCE = 4e3;
var RETRY = 1e3;
var SPAN = 2e3;
function frameSender(video, { takes, send, silent }) {
  const blank = () => {
    const paper = document.createElement("canvas");
    return { paper, pen: paper.getContext("2d", { alpha: false, willReadFrequently: true }) };
  };
  let next = blank();
  let last = blank();
  let waiting = null;
  let patience;
  let fresh = false;
  let due = false;
  function proceed() {
    if (waiting || !video.videoWidth) return;
    const which = takes();
    if (which === "moving" && fresh || which === "still" && due) take();
  }
  async function take() {
    fresh = due = false;
    const mine = { turn: String(Math.random()), at: performance.now(), wanted: true };
    waiting = mine;
    const { paper, pen } = next;
    const { videoWidth: width, videoHeight: height } = video;
    const scale = Math.min(1, FRAME.longest / Math.max(width, height));
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    if (paper.width !== size.width || paper.height !== size.height) Object.assign(paper, size);
    pen.drawImage(video, 0, 0, paper.width, paper.height);
    const blob = await new Promise((done) => paper.toBlob(done, "image/jpeg", FRAME.quality));
    const bytes = await blob?.arrayBuffer();
    if (!bytes || !mine.wanted) {
      settle();
      return;
    }
    send(mine.turn, mine.at, bytes);
    patience = setTimeout(() => {
      if (mine.wanted) silent();
      settle();
    }, PATIENCE);
  }
  function settle() {
    clearTimeout(patience);
    waiting = null;
    proceed();
  }
  function forgo() {
    if (waiting) waiting.wanted = false;
  }
  return {
    forgo,
    /** The camera has given another picture. */
    arrived() {
      fresh = true;
      proceed();
    },
    /** Ask about the picture that stands still. */
    again() {
      forgo();
      due = true;
      proceed();
    },
    /** Send nothing of the pictures that have come so far. */
    drop() {
      forgo();
      due = fresh = false;
    },
    /** Frame `turn` is answered: `use` the answer to what was taken `at`, if it is still wanted. */
    answered(turn, use) {
      if (waiting?.turn !== turn) return;
      if (waiting.wanted) {
        [next, last] = [last, next];
        use(waiting.at);
      }
      settle();
    },
    /** Frame `turn` has failed: `tell` so if it is still wanted. */
    failed(turn, tell) {
      if (waiting?.turn !== turn) return;
      if (waiting.wanted) tell();
      clearTimeout(patience);
      patience = setTimeout(settle, RETRY);
    },
    /** The frame that was answered last, as a canvas. */
    get picture() {
      return last.paper;
    },
    /** Leave nothing of the picture. */
    wipe() {
      next.paper.width = last.paper.width = 0;
    }
  };
}
var STANDS = "The computer is slow, so each picture is shown with its answer, a moment late.";
var middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
function pace(answers, now, { stands }) {
  while (answers.length && answers[0].when < now - SPAN) answers.shift();
  if (answers.length < 3) return stands ? STANDS : "";
  const rate = 1e3 * (answers.length - 1) / (answers.at(-1).when - answers[0].when);
  const late = Math.round(middle(answers.map((each) => each.late)));
  const part = Math.round(middle(answers.map((each) => each.part)));
  const words = `${rate.toFixed(rate < 10 ? 1 : 0)} pictures a second; ${late} ms from a picture to its box, ${part} of them to find the face and ask the network.`;
  return stands ? `${words} ${STANDS}` : words;
}

// late.js
var LATE = 150;
var VERY_LATE = 250;
var SOON = 120;
var STEADY = 5;
var SAID = 1500;
var STALE = 350;
var NOBODY = 2;
function lateness() {
  let held = false;
  let quick = 0;
  let slow = 0;
  let since = Infinity;
  let empty = NOBODY;
  let at = Infinity;
  function hold(now) {
    if (!held) since = now;
    held = true;
  }
  return {
    /** Take in that a picture taken at `taken` was answered at `now`, with so many `faces`. */
    answered(taken, now, faces) {
      at = taken;
      const late = now - taken;
      quick = late <= SOON ? quick + 1 : 0;
      empty = faces ? 0 : empty + 1;
      slow = late > LATE ? slow + 1 : 0;
      if (slow > 1 || late > VERY_LATE) hold(now);
      else if (quick >= STEADY) held = false;
    },
    get held() {
      return held && empty < NOBODY;
    },
    /** Whether it stands at `now`, with what was answered last still on show. */
    holds(now) {
      if (now - at > STALE) hold(now);
      return held && empty < NOBODY;
    },
    /** Whether it has stood for so long that one wonders why. */
    lasts: (now) => held && empty < NOBODY && now - since > SAID,
    /** Begin anew: the picture before it was of something else. */
    clear() {
      held = false;
      quick = slow = 0;
      empty = NOBODY;
      at = Infinity;
    }
  };
}
function stillPicture() {
  const canvas = element("canvas", { className: "still", ariaHidden: "true", hidden: true });
  return {
    canvas,
    /** Show `picture`, painted anew if it is another one than before; null shows the video again. */
    show(picture, { anew, mirrored }) {
      if (picture && (anew || canvas.hidden)) {
        Object.assign(canvas, { width: picture.width, height: picture.height });
        canvas.getContext("2d", { alpha: false }).drawImage(picture, 0, 0);
      }
      canvas.hidden = !picture;
      canvas.classList.toggle("mirrored", mirrored);
    },
    /** Leave nothing of it. */
    wipe() {
      canvas.hidden = true;
      canvas.width = 0;
    }
  };
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

// overlay.js
var EASE = 60;
var MAP_EASE = 250;
var GONE = 250;
var LEAST_TOP = 1;
var towards = (from, to, share) => from.map((value, i) => value + share * (to[i] - value));
function viewOf(canvas, video, frame, { flip, now, passed }) {
  const ratio = Math.min(2, devicePixelRatio || 1);
  const [wide, tall] = [Math.round(video.clientWidth * ratio), Math.round(video.clientHeight * ratio)];
  if (!wide) return null;
  if (canvas.width !== wide || canvas.height !== tall) Object.assign(canvas, { width: wide, height: tall });
  const to = { x: wide / frame.width, y: tall / frame.height };
  return { context: canvas.getContext("2d"), wide, tall, ratio, to, flip, now, passed };
}
function placeOn(canvas, event) {
  const edge = canvas.getBoundingClientRect();
  const x = (event.clientX - edge.left) * canvas.width / edge.width;
  const y = (event.clientY - edge.top) * canvas.height / edge.height;
  return [x, y];
}
function tint(canvas, values, height, width, lut) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  const top = Math.max(LEAST_TOP, ...values);
  values.forEach((value, i) => {
    const share = Math.max(0, value) / top;
    const colour = 3 * Math.round(255 * share);
    for (let c = 0; c < 3; c += 1) picture.data[4 * i + c] = lut[colour + c];
    picture.data[4 * i + 3] = Math.round(200 * share);
  });
  context.putImageData(picture, 0, 0);
}
function paintFaces(view, shown, { network, lut, picked, stands }) {
  const { context, wide, tall, now, passed } = view;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, wide, tall);
  context.globalAlpha = 1;
  for (const [number, face] of shown) if (face.left && (stands || now - face.left > GONE)) shown.delete(number);
  const share = stands ? 1 : 1 - Math.exp(-passed / EASE);
  for (const face of shown.values()) {
    face.place = towards(face.place, face.target, share);
    if (face.values) drawMap(view, face, { network, lut });
    drawPoints(view, face);
  }
  for (const [number, face] of shown) {
    drawBox(view, number, face, { network, mine: number === picked, alone: shown.size < 2 });
  }
}
function boxOf(place, [x, y, w, h]) {
  const scale = Math.hypot(place[0], place[3]);
  const [cx, cy] = [x + w / 2, y + h / 2];
  return {
    x: place[0] * cx + place[1] * cy + place[2] - w * scale / 2,
    y: place[3] * cx + place[4] * cy + place[5] - h * scale / 2,
    w: w * scale,
    h: h * scale
  };
}
function drawMap({ context, wide, to, flip, passed }, face, { network, lut }) {
  const share = 1 - Math.exp(-passed / MAP_EASE);
  const { height, width } = face.map;
  face.tinted = face.tinted ? towards(face.tinted, face.values, share) : face.values;
  face.tint ??= document.createElement("canvas");
  tint(face.tint, face.tinted, height, width, lut);
  const [a, c, e, b, d, f] = face.place;
  if (flip) context.setTransform(-to.x, 0, 0, to.y, wide, 0);
  else context.setTransform(to.x, 0, 0, to.y, 0, 0);
  context.transform(a, b, c, d, e, f);
  context.drawImage(face.tint, 0, 0, ...network.size);
  context.setTransform(1, 0, 0, 1, 0, 0);
}
function drawPoints({ context, wide, ratio, to, flip }, { place: [a, c, e, b, d, f], points }) {
  context.fillStyle = "#4fd8cf";
  context.strokeStyle = "#00262a";
  context.lineWidth = ratio;
  for (const [x, y] of points) {
    const across = (a * x + c * y + e) * to.x;
    context.beginPath();
    context.arc(flip ? wide - across : across, (b * x + d * y + f) * to.y, 2.5 * ratio, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}
function font({ context, ratio }, px) {
  const size = Math.round(px * ratio);
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  return size;
}
function drawBox(view, number, face, { network, mine, alone }) {
  const { context, wide, ratio, to, flip, now } = view;
  const box = boxOf(face.place, network.box);
  const [w, h, y] = [box.w * to.x, box.h * to.y, box.y * to.y];
  const x = flip ? wide - (box.x + box.w) * to.x : box.x * to.x;
  face.box = { x, y, w, h };
  face.alpha = face.left ? Math.max(0, 1 - (now - face.left) / GONE) : Math.min(1, (now - face.born) / 150);
  context.globalAlpha = face.alpha;
  const outline = (width2, style) => {
    context.lineWidth = width2 * ratio;
    context.strokeStyle = style;
    context.beginPath();
    context.roundRect(x, y, w, h, 8 * ratio);
    context.stroke();
  };
  outline(5, "#00000070");
  outline(3, mine ? "#4fd8cf" : "#ffffff");
  if (alone) return;
  const size = font(view, view.wide / ratio < 480 ? 12 : 14);
  const width = context.measureText(number).width + size;
  context.fillStyle = mine ? "#0b7373" : "#000000b0";
  context.beginPath();
  context.roundRect(x, y, width, 1.6 * size, [8 * ratio, 0, 8 * ratio, 0]);
  context.fill();
  context.fillStyle = "#ffffff";
  context.fillText(number, x + size / 2, y + 0.85 * size);
}

// plates.js
var SHADES = { yes: "#2fb3aa", no: "#9aa9ac", doubtful: "#f0b04a" };
var SIGNS = { yes: "✓", no: "–", doubtful: "?" };
var NARROW = 480;
var STAY2 = 4e3;
var WAYS = [{ size: 14, above: 0.25, below: 0.1, aside: 0.12 }, { size: 12, above: 0, below: 0.05, aside: 0.03 }];
var UNDER = WAYS.length;
var around = ({ x, y, w, h }, { above, below, aside }) => ({
  x: x - aside * w,
  y: y - above * h,
  w: w * (1 + 2 * aside),
  h: h * (1 + above + below)
});
function facePlates() {
  const needed = WAYS.map(() => -Infinity).concat(-Infinity);
  const way = (now) => needed.findLastIndex((when) => now - when < STAY2);
  const list = element("ul", { className: "written", ariaLabel: "Written of each face", hidden: true });
  function arrange(view, shown, faces, how) {
    if (faces.length > 1 && view.wide / view.ratio < NARROW) return null;
    const taken = [...shown.values()].filter((face) => face.box).map((face) => around(face.box, how));
    const plates = [];
    for (const [, face] of faces) {
      const plate = measure(view, face, how.size);
      const place = placeFor(face, plate, taken, { ...view, how });
      if (!place) return null;
      taken.push(Object.assign(plate, place));
      plates.push(plate);
    }
    return plates;
  }
  function paint(view, shown, picked) {
    const { now } = view;
    for (const face of shown.values()) face.plate = null;
    const faces = [...shown].filter(([, face]) => face.words?.length && face.box).toSorted(([a], [b]) => (b === picked) - (a === picked));
    if (!faces.length) return;
    const tried = WAYS.map((how) => arrange(view, shown, faces, how));
    const best = tried.findIndex(Boolean);
    needed[best < 0 ? UNDER : best] = now;
    tried[way(now)]?.forEach((plate, i) => {
      const [, face] = faces[i];
      face.plate = plate;
      face.side = plate.side;
      draw(view, face);
    });
  }
  function write(shown, there, now) {
    const rows = way(now) === UNDER ? there.map((number) => [number, shown.get(number)]) : [];
    const written = rows.filter(([, face]) => face.words?.length && face.box).toSorted(([, one], [, other]) => one.box.x - other.box.x);
    list.hidden = !written.length;
    list.replaceChildren(...written.map(([number, { words }]) => element(
      "li",
      {},
      ...there.length > 1 ? [element("b", {}, `Face ${number}`)] : [],
      ...words.map(({ label, probability, verdict }) => element(
        "p",
        { dataset: { verdict } },
        element("span", {}, label),
        element("span", { className: "value" }, probabilityText(probability)),
        element("i", { ariaLabel: verdict || "no verdict", role: "img" }, SIGNS[verdict] ?? "")
      ))
    )));
  }
  return {
    list,
    paint,
    write,
    clear() {
      needed.fill(-Infinity);
      list.hidden = true;
      list.replaceChildren();
    }
  };
}
function measure(view, { words }, px) {
  const { context, tall } = view;
  const size = font(view, px);
  const line = Math.round(1.7 * size);
  const pad = Math.round(size / 2);
  const most = Math.max(1, Math.floor((tall - 3 * pad) / line));
  const rows = words.length > most ? words.slice(0, most - 1) : words;
  const texts = rows.map((row) => row.label);
  if (rows.length < words.length) texts.push(`and ${words.length - rows.length} more`);
  const digits = context.measureText(">0.99").width;
  const longest = Math.max(...texts.map((text) => context.measureText(text).width));
  const w = Math.ceil(longest + digits + size + 5 * pad);
  return { w, h: texts.length * line + pad, size, line, pad, rows, texts };
}
function draw(view, { plate, alpha }) {
  const { context } = view;
  const { x, y, w, h, size, line, pad, rows, texts } = plate;
  font(view, size / view.ratio);
  context.globalAlpha = alpha;
  context.fillStyle = "#0b1416c0";
  context.beginPath();
  context.roundRect(x, y, w, h, pad);
  context.fill();
  texts.forEach((text, i) => {
    const middle2 = y + pad / 2 + (i + 0.5) * line;
    const row = rows[i];
    if (row) {
      context.fillStyle = SHADES[row.verdict] ?? "#ffffff";
      context.fillRect(x, middle2 - line / 2 + 2, 4, line - 4);
      context.textAlign = "center";
      context.fillText(SIGNS[row.verdict] ?? "", x + w - pad - size / 2, middle2);
      context.textAlign = "right";
      context.fillText(probabilityText(row.probability), x + w - 2 * pad - size, middle2);
      context.textAlign = "left";
    }
    context.fillStyle = row && row.verdict !== "no" ? "#ffffff" : "#d0dadb";
    context.fillText(text, x + 1.5 * pad, middle2);
  });
}
function placeFor(face, { w, h, pad: gap }, taken, { wide, tall, how }) {
  const head = around(face.box, how);
  const inside = (at, size, room) => Math.min(room - size - gap, Math.max(gap, at));
  const along = (from, length, size, room) => [(length - size) / 2, 0, length - size].map((shift) => inside(from + shift, size, room));
  const rows = along(head.y, head.h, h, tall);
  const columns = along(head.x, head.w, w, wide);
  const places = {
    right: rows.map((y) => ({ x: head.x + head.w + gap, y })),
    left: rows.map((y) => ({ x: head.x - gap - w, y })),
    below: columns.map((x) => ({ x, y: head.y + head.h + gap })),
    above: columns.map((x) => ({ x, y: head.y - gap - h }))
  };
  const apart = ({ x, y }, other) => x + w <= other.x || other.x + other.w <= x || y + h <= other.y || other.y + other.h <= y;
  const fits = (place) => place.x >= 0 && place.y >= 0 && place.x + w <= wide && place.y + h <= tall && taken.every((other) => apart(place, other));
  const sides = head.x + head.w / 2 > wide / 2 ? ["left", "right"] : ["right", "left"];
  for (const side of [face.side, ...sides, "below", "above"].filter(Boolean)) {
    const place = places[side].find(fits);
    if (place) return { ...place, side };
  }
  return null;
}

// status.js
var SETTLE = 800;
var LINES = {
  looking: "Looking for a face…",
  asking: "Waiting for the camera. Your browser may ask whether this page may use it.",
  noLens: "Browsers give the camera only to pages that come by https, or from this computer itself.",
  ended: "The camera has stopped. Start it again.",
  unplugged: "The camera was unplugged. It goes on by itself when it is back.",
  noAnswer: "No answer yet from the computer behind this page. The boxes come back as soon as it answers.",
  kernelGone: "The computer behind this page has gone, so the camera was switched off. Reload the page to go on.",
  muted: "The camera gives no picture at the moment. The boxes come back with it.",
  away: "Out of sight, this page sends nothing.",
  paused: "Paused: nothing is sent. Move a threshold and see what it changes.",
  taking: "Making the snapshot ready to send…",
  notTaken: "The snapshot could not be taken. Go back to the camera and try it again."
};
var inSight = (count) => count === 1 ? "One face in sight." : `${count} faces in sight.`;
function statusLine() {
  const line = element("p", { className: "status", role: "status", dataset: { state: "empty" } });
  let news = { text: "", since: 0 };
  function say(text, state = "busy") {
    if (line.textContent === text && line.dataset.state === state) return;
    line.textContent = text;
    line.dataset.state = state;
  }
  function mention(text, state) {
    const now = performance.now();
    if (news.text !== text) news = { text, since: now };
    if (line.dataset.state !== "error" && now - news.since >= SETTLE) say(text, state);
  }
  return {
    line,
    say,
    /** Say how many faces there are. */
    mentionFaces(count, { paused, away }) {
      if (paused) mention(LINES.paused, "done");
      else if (count) mention(inSight(count), "done");
      else mention(away ? LINES.away : LINES.looking);
    },
    /** What went wrong is mended. */
    mend() {
      if (line.dataset.state === "error") say(LINES.looking);
    },
    /** The camera that gave no picture gives one. */
    unmute() {
      if (line.textContent === LINES.muted) say(LINES.looking);
    }
  };
}

// stream.js
function cameraStream(video, on) {
  let stream = null;
  let awaited = null;
  let wished = null;
  let lost = null;
  let mirrored = true;
  function close() {
    awaited = lost = null;
    halt(stream);
    stream = null;
    video.srcObject = null;
  }
  async function open(wish) {
    close();
    wished = wish;
    const mine = {};
    awaited = mine;
    let arrived;
    try {
      const video2 = { width: { ideal: 1280 }, frameRate: { ideal: 30 }, resizeMode: "none", ...wish };
      arrived = await navigator.mediaDevices.getUserMedia({ audio: false, video: video2 });
    } catch (error) {
      if (awaited === mine) on.refused(error);
      return;
    }
    if (awaited !== mine) halt(arrived);
    else await show(arrived);
  }
  async function show(arrived) {
    stream = arrived;
    const [track] = arrived.getVideoTracks();
    const { deviceId, facingMode } = track.getSettings();
    track.onended = () => {
      if (stream !== arrived) return;
      on.ended();
      lost = deviceId ? { deviceId, gone: false } : null;
      seek();
    };
    track.onmute = () => {
      if (stream === arrived && track.enabled) on.muted();
    };
    track.onunmute = on.unmuted;
    mirrored = facingMode !== "environment";
    video.classList.toggle("mirrored", mirrored);
    video.srcObject = arrived;
    on.arrived();
    let several;
    try {
      await video.play();
      several = (await cameras()).length > 1;
    } catch (error) {
      if (stream === arrived) on.refused(error);
      return;
    }
    if (stream !== arrived) return;
    on.playing(several);
    watch(arrived);
  }
  function watch(mine) {
    const next = () => {
      if (stream !== mine) return;
      on.picture();
      watch(mine);
    };
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(next);
    else requestAnimationFrame(next);
  }
  async function seek() {
    if (!lost) return;
    const mine = lost;
    const there = (await cameras()).some((each) => each.deviceId === mine.deviceId);
    if (lost !== mine) return;
    if (!there) {
      mine.gone = true;
      on.unplugged();
    } else if (mine.gone) {
      on.back({ deviceId: { exact: mine.deviceId } });
    }
  }
  return {
    open,
    close,
    seek,
    get isOpen() {
      return stream !== null;
    },
    get mirrored() {
      return mirrored;
    },
    get wished() {
      return wished;
    },
    /** Whether the camera is to take pictures. */
    enable(yes) {
      for (const track of stream?.getVideoTracks() ?? []) track.enabled = yes;
    },
    /** What to ask for to get the camera that is not in use; null if this one is gone by then. */
    async other() {
      const used = stream;
      const wish = await otherCamera(used.getVideoTracks()[0]);
      return stream === used ? wish : null;
    }
  };
}

// camera.js
var READ = 200;
var TELL = 330;
var MIRROR = "The camera showed you as in a mirror; the snapshot is not mirrored.";
function render({ model, el, signal }) {
  const able = Boolean(navigator.mediaDevices?.getUserMedia);
  const video = element("video", { playsInline: true, muted: true, ariaLabel: "What the camera sees" });
  const canvas = element("canvas", { role: "img", ariaLabel: "Boxes and answers over the picture" });
  const still = stillPicture();
  const late = lateness();
  const stage = element("div", { className: "stage" }, video, canvas, still.canvas);
  const invite = element("p", { className: "invite" }, "Start the camera: every face in its picture is boxed and read while it moves.");
  const mirror = element("small", { hidden: true }, MIRROR);
  const buttons = cameraButtons();
  const picks = faceButtons(pick, buttons.pause);
  const sight = facesInSight();
  const plates = facePlates();
  const choice = cameraChoice(() => {
    read = 0;
  }, again);
  const { settings, where } = choice;
  const figures = element("p", { className: "small figures" });
  const hint = element("p", { className: "small hint" });
  const well = element("div", { className: "well" }, invite, stage, plates.list, picks.row, buttons.row, mirror);
  const status = statusLine();
  const { say } = status;
  const notice = element("p", { className: "notice", role: "status", hidden: true });
  const privacy = element("small", { className: "privacy" });
  el.classList.add("facelens", "camera");
  el.append(well, status.line, figures, hint, settings, notice, privacy);
  let mode = "off";
  let snapshot = null;
  let opener = null;
  let dead = false;
  let away = false;
  let anew = true;
  let network = null;
  let lut = null;
  let frame = { width: 1, height: 1 };
  const answers = [];
  const counts = { pictures: 0, sent: 0, answered: 0, paints: 0 };
  let unpainted = null;
  let painting = 0;
  let painted = 0;
  let read = 0;
  let told = 0;
  const page = () => el.closest(".facelens-page");
  const board = () => page()?.querySelector(".board")?.facelens;
  const moves = () => mode === "live" || mode === "paused";
  const stream = cameraStream(video, {
    arrived() {
      anew = true;
      buttons.wait(true);
      enter("live");
      say(LINES.looking);
    },
    playing(several) {
      buttons.other.hidden = !several;
      buttons.wait(false);
      if ([buttons.start, buttons.other, buttons.back, document.body].includes(opener)) buttons.pause.focus();
      stream.enable(!away);
    },
    picture() {
      counts.pictures += 1;
      frames.arrived();
    },
    refused(error) {
      refuse(cameraTrouble(error));
    },
    ended() {
      refuse(LINES.ended);
    },
    muted() {
      if (mode !== "live") return;
      goAway();
      say(LINES.muted, "error");
    },
    unmuted: status.unmute,
    unplugged() {
      say(LINES.unplugged, "error");
    },
    back(wish) {
      if (!away && !dead) open(wish);
    }
  });
  const frames = frameSender(video, {
    takes: () => mode === "live" && !away ? "moving" : mode === "paused" ? "still" : "",
    send(turn, at, bytes) {
      counts.sent += 1;
      const map = where.value || null;
      model.send({ kind: "frame", turn, seconds: at / 1e3, anew, map, tasks: choice.tasks }, void 0, [bytes]);
    },
    silent() {
      if (!moves()) return;
      goAway();
      say(LINES.noAnswer, "error");
    }
  });
  function enter(next) {
    mode = next;
    const on = moves();
    el.classList.toggle("on", on);
    el.classList.toggle("still", next === "still");
    page()?.classList.toggle("facelens-live", on);
    invite.hidden = next !== "off" && next !== "asking";
    stage.hidden = figures.hidden = hint.hidden = !on;
    settings.hidden = !on || !network;
    buttons.show(next, { startable: able, dead });
    if (!on) picks.row.hidden = true;
    mirror.hidden = next !== "still" || !stream.mirrored;
    cancelAnimationFrame(painting);
    if (on) painting = requestAnimationFrame(paint);
    else wipe();
  }
  function wipe() {
    sight.clear();
    answers.length = 0;
    figures.textContent = hint.textContent = "";
    picks.clear();
    plates.clear();
    canvas.width = 0;
    still.wipe();
    late.clear();
    frames.wipe();
  }
  function leave() {
    frames.drop();
    if (stream.isOpen) model.send({ kind: "rest" });
    stream.close();
    if (mode !== "still") {
      if (moves()) board()?.read(null);
      enter("off");
    }
  }
  function refuse(text) {
    const pressed = el.contains(document.activeElement) || document.activeElement === document.body;
    leave();
    say(text, "error");
    if (pressed && !buttons.start.hidden) buttons.start.focus();
  }
  function open(wish) {
    leave();
    snapshot = null;
    choice.fold();
    opener = document.activeElement;
    enter("asking");
    say(LINES.asking);
    stream.open(wish);
  }
  function goAway() {
    sight.shown.clear();
    late.clear();
    board()?.stale(true);
  }
  function hear(message, buffers, at) {
    frame = message;
    anew = false;
    status.mend();
    sight.hear(message, buffers, network.attributes.length);
    late.answered(at, performance.now(), message.faces.length);
    unpainted = { at, part: message.milliseconds };
    counts.answered += 1;
  }
  function tell(now) {
    sight.follow(now);
    sight.write(choice.chosen, network.attributes, (...row) => board()?.verdict(...row));
    const there = sight.there();
    const { picked } = sight;
    status.mentionFaces(there.length, { paused: mode === "paused", away });
    hint.textContent = sight.shown.get(picked)?.hints.join(" ") ?? "";
    picks.show(there, picked, now);
    plates.write(sight.shown, there, now);
    if (now - told < TELL) return;
    told = now;
    const face = sight.shown.get(picked);
    if (face) {
      board()?.read({
        key: `live-${picked}`,
        hints: face.hints,
        weak: face.weak,
        logits: Array.from(face.logits),
        probabilities: Array.from(face.probabilities)
      });
    }
    board()?.stale(!face);
    const speed = pace(answers, now, { stands: late.lasts(now) });
    figures.textContent = mode === "live" ? speed : "";
  }
  function pick(number) {
    sight.pick(number);
    told = 0;
    tell(performance.now());
  }
  function paint(now) {
    if (!moves()) return;
    painting = requestAnimationFrame(paint);
    const passed = Math.min(200, now - painted);
    painted = now;
    const view = network && viewOf(canvas, video, frame, { flip: stream.mirrored, now, passed });
    if (!view) return;
    if (now - read >= READ) {
      read = now;
      tell(now);
    }
    counts.paints += 1;
    const stands = mode === "paused" ? late.held : late.holds(now);
    still.show(stands ? frames.picture : null, { anew: unpainted, mirrored: stream.mirrored });
    paintFaces(view, sight.shown, { network, lut, picked: sight.picked, stands });
    plates.paint(view, sight.shown, sight.picked);
    if (unpainted) {
      answers.push({ when: now, late: performance.now() - unpainted.at, part: unpainted.part });
      unpainted = null;
    }
  }
  function again() {
    choice.paintBar();
    if (mode === "paused") frames.again();
  }
  async function offerOther() {
    const several = (await cameras()).length > 1;
    buttons.other.hidden = !several || !moves();
  }
  function resume() {
    enter("live");
    frames.drop();
    stream.enable(true);
    say(LINES.looking);
    video.play().catch(() => {
    });
    offerOther();
  }
  buttons.start.onclick = () => open({ facingMode: "user" });
  buttons.other.onclick = async () => {
    const wish = await stream.other();
    if (wish) open(wish);
  };
  buttons.stop.onclick = () => {
    leave();
    say("", "empty");
    buttons.start.focus();
  };
  buttons.pause.onclick = () => {
    if (mode === "paused") {
      resume();
      return;
    }
    video.pause();
    enter("paused");
    say(LINES.paused, "done");
    frames.again();
  };
  buttons.shoot.onclick = async () => {
    const mine = { turn: String(Math.random()) };
    snapshot = mine;
    const taken = encode(video, video.videoWidth, video.videoHeight);
    const near = sight.middle(canvas, stream.mirrored);
    board()?.read(null);
    enter("still");
    leave();
    say(LINES.taking);
    buttons.back.focus();
    const bytes = await (await taken)?.arrayBuffer();
    if (snapshot !== mine) return;
    if (bytes) model.send({ kind: "photo", name: "snapshot", near, turn: mine.turn }, void 0, [bytes]);
    else say(LINES.notTaken, "error");
  };
  buttons.back.onclick = () => {
    model.send({ kind: "back", turn: String(Math.random()) });
    mode = "off";
    open(stream.wished);
  };
  where.onchange = () => {
    again();
    if (!where.value) return;
    tellChosen(el, where.value);
    model.send({ kind: "choose", name: where.value });
  };
  hearChosen(el, signal, (name) => {
    if (!where.value || !network) return;
    choice.look(name);
    again();
  });
  canvas.onclick = (event) => {
    const number = sight.at(...placeOn(canvas, event));
    if (number !== void 0) pick(number);
  };
  watchSight(el, signal, (hidden) => {
    away = hidden;
    stream.enable(!away);
    if (mode !== "live") {
      stream.seek();
    } else if (away) {
      frames.forgo();
      goAway();
      say(LINES.away);
      model.send({ kind: "rest" });
    } else {
      anew = true;
      resume();
    }
  });
  const options = { signal };
  navigator.mediaDevices?.addEventListener?.("devicechange", async () => {
    if (moves()) await offerOther();
    stream.seek();
  }, options);
  window.addEventListener("pagehide", () => {
    snapshot = null;
    leave();
    model.send({ kind: "clear" });
  }, options);
  hearDeath(model, signal, () => {
    dead = true;
    snapshot = null;
    if (mode === "off" || mode === "still") {
      stream.close();
      enter(mode);
    } else {
      refuse(LINES.kernelGone);
    }
  });
  el.facelens = {
    answers: () => answers,
    counts,
    stands: () => late.held,
    faces: () => [...sight.shown].map(([number, { box, words, points, plate }]) => ({ number, words, points, plate, ...box }))
  };
  const silence = listen(model, el, {
    text: (message) => {
      privacy.textContent = message.privacy;
      if (!able) say(LINES.noLens, "error");
    },
    notice({ text }) {
      notice.textContent = text;
      notice.hidden = !text;
    },
    network(message, [colours]) {
      network = message;
      lut = numbers(colours, Uint8Array);
      sight.shown.clear();
      choice.offer(network);
      settings.hidden = !moves();
      read = told = 0;
      frames.forgo();
      again();
    },
    seen(message, buffers) {
      frames.answered(message.turn, (at) => {
        if (network && moves()) hear(message, buffers, at);
      });
    },
    failed({ text, turn }) {
      frames.failed(turn, () => {
        if (!moves()) return;
        goAway();
        say(text, "error");
      });
    },
    status({ text, state: how, turn }) {
      if (how === "error" && !turn && mode === "off") say(text, how);
      else if (mode === "still" && snapshot?.turn === turn) say(text, how);
    }
  });
  enter("off");
  return () => {
    cancelAnimationFrame(painting);
    snapshot = null;
    mode = mode === "still" ? "off" : mode;
    leave();
    silence();
  };
}
var camera_default = { render };
export {
  camera_default as default
};
