// A frame as it is sent: large enough for faces across a room, small enough to be quick.
const FRAME = { longest: 640, quality: 0.8 };
// Milliseconds. A frame that has no answer by then counts as lost; another goes off.
const PATIENCE = 4000;
const RETRY = 1000;
// How fast a box and a map come two thirds of the way to where they should be.
const EASE = 60;
const MAP_EASE = 250;
const GONE = 250; // so long a box fades after its face was last seen
const READ = 200; // what is written is written anew no more often: digits are to be read
const TELL = 330; // likewise the board, which is larger
const SPAN = 2000; // over which frames are counted
const LEAST_TOP = 1; // a map's brightest colour stands for at least so much of the score
const SHADES = { yes: "#2fb3aa", no: "#9aa9ac", doubtful: "#f0b04a" };
const SIGNS = { yes: "✓", no: "–", doubtful: "?" };
const NO_LENS = "Browsers give the camera only to pages that come by https, or from this computer itself.";
const ENDED = "The camera has stopped; perhaps it was unplugged. It goes on by itself when it is back.";
const NO_ANSWER = "No answer yet from the computer behind this page. The boxes come back as soon as it answers.";
const KERNEL_GONE = "The computer behind this page has gone, so the camera was switched off. Reload the page to go on.";
const MUTED = "The camera gives no picture at the moment. The boxes come back with it.";
const AWAY = "Out of sight, this page sends nothing.";
const PAUSED = "Paused: nothing is sent. Move a threshold and see what it changes.";

const middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const towards = (from, to, share) => from.map((value, i) => value + share * (to[i] - value));

/** What speaks for an attribute as a small picture in the colours of `lut`, clear where nothing does. */
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

function render({ model, el, signal }) {
  const able = Boolean(navigator.mediaDevices?.getUserMedia);
  const video = element("video", { playsInline: true, muted: true, ariaLabel: "What the camera sees" });
  const canvas = element("canvas", { role: "img", ariaLabel: "Boxes and answers over the picture" });
  const stage = element("div", { className: "stage", hidden: true }, video, canvas);
  const invite = element("p", { className: "invite" }, "Start the camera: every face in its picture is boxed and read while it moves.");
  const start = element("button", { type: "button", className: "main", hidden: !able }, "Start the camera");
  const pause = element("button", { type: "button" }, "Pause");
  const shoot = element("button", { type: "button", className: "main" }, "Take a snapshot");
  const other = element("button", { type: "button", hidden: true }, "Other camera");
  const stop = element("button", { type: "button" }, "Stop");
  const back = element("button", { type: "button", className: "main", hidden: true }, "Back to the camera");
  const buttons = element("div", { className: "buttons" }, start, shoot, pause, other, stop, back);
  const picks = element("div", { className: "picks", role: "group", ariaLabel: "Faces in sight", hidden: true });
  const figures = element("p", { className: "small figures" });
  const hint = element("p", { className: "small hint" });
  const where = element("select", { ariaLabel: "Where it looks for" });
  const bar = element("span", { className: "scale small", hidden: true },
    element("span", {}, "nothing"), element("i", { ariaHidden: "true" }), element("span", {}, "speaks for it"));
  const looks = element("div", { className: "line" },
    element("label", { className: "small" }, "Where it looks for", where), bar);
  const title = element("summary");
  const boxes = element("div", { className: "groups" });
  const choice = element("details", { className: "choice" }, title, boxes);
  const settings = element("div", { className: "settings", hidden: true }, looks, choice);
  const well = element("div", { className: "well" }, invite, stage, picks, buttons);
  const status = element("p", { className: "status", role: "status", dataset: { state: "empty" } });
  const notice = element("p", { className: "notice", role: "status", hidden: true });
  const privacy = element("small", { className: "privacy" });
  el.classList.add("facelens", "camera");
  el.append(well, status, figures, hint, settings, notice, privacy);

  let mode = "off"; // or "asking", "live", "paused", "still": a snapshot is on the page
  let stream = null;
  let flip = true;
  let unplugged = false;
  let waiting = null; // the frame that has no answer yet: there is never a second
  let fresh = false; // whether the camera has given a picture since
  let anew = true; // whether whoever is seen next may be somebody else
  let patience;
  let asked = null; // the snapshot, while it waits for its answer
  let network = null;
  let lut = null;
  let chosen = [];
  let picked = null;
  let frame = { width: 1, height: 1 };
  const shown = new Map(); // number of a face to what is drawn of it
  const answers = []; // of the last seconds: when, how long after the picture, the kernel's part
  let unpainted = null;
  let painting = 0;
  let read = 0;
  let told = 0;

  const page = () => el.closest(".facelens-page");
  const board = () => page()?.querySelector(".board")?.facelens;
  const moves = () => mode === "live" || mode === "paused";
  const describe = (name) => network.attributes.find((each) => each.name === name);

  const say = (text, state = "busy") => {
    if (status.textContent === text && status.dataset.state === state) return;
    status.textContent = text;
    status.dataset.state = state;
  };

  function enter(next) {
    mode = next;
    const on = moves();
    el.classList.toggle("on", on);
    el.classList.toggle("still", next === "still");
    page()?.classList.toggle("facelens-live", on);
    invite.hidden = next !== "off" && next !== "asking";
    stage.hidden = !on;
    settings.hidden = !on || !network;
    figures.hidden = hint.hidden = !on;
    start.hidden = next !== "off" || !able;
    for (const button of [shoot, pause, stop]) button.hidden = !on;
    if (!on) picks.hidden = other.hidden = true;
    back.hidden = next !== "still";
    pause.textContent = next === "paused" ? "Go on" : "Pause";
    pause.ariaPressed = String(next === "paused");
    cancelAnimationFrame(painting);
    if (on) painting = requestAnimationFrame(paint);
    else wipe();
  }

  function wipe() {
    shown.clear();
    picked = null;
    answers.length = 0;
    figures.textContent = hint.textContent = "";
    picks.replaceChildren();
    canvas.width += 0;
  }

  /** Expect no answer any more. */
  function forgo() {
    waiting = null;
    clearTimeout(patience);
  }

  function leave() {
    forgo();
    halt(stream);
    stream = null;
    video.srcObject = null;
    if (moves() || mode === "asking") {
      board()?.read(null);
      enter("off");
    }
  }

  /** What a page does not show, it does not take from the camera either. */
  const listenTo = (on) => stream?.getVideoTracks().forEach((track) => { track.enabled = on; });

  async function open(wish) {
    halt(stream); // a phone opens its second camera only when the first is closed
    stream = null;
    forgo();
    const mine = (asked = {});
    const button = document.activeElement;
    enter("asking");
    say("Waiting for the camera. Your browser may ask whether this page may use it.");
    let arrived;
    try {
      const video = { width: { ideal: 1280 }, frameRate: { ideal: 30 }, resizeMode: "none", ...wish };
      arrived = await navigator.mediaDevices.getUserMedia({ audio: false, video });
    } catch (error) {
      if (asked === mine) refuse(cameraTrouble(error));
      return;
    }
    if (asked !== mine) {
      halt(arrived);
      return;
    }
    await show(arrived, button);
  }

  function refuse(text) {
    leave();
    enter("off");
    say(text, "error");
  }

  async function show(arrived, button) {
    stream = arrived;
    unplugged = false;
    const [track] = arrived.getVideoTracks();
    track.onended = () => {
      if (stream !== arrived) return;
      unplugged = true;
      if (mode === "still") stream = null; // the snapshot stays
      else refuse(ENDED);
    };
    track.onmute = () => { if (mode === "live" && !document.hidden && track.enabled) say(MUTED, "error"); };
    track.onunmute = () => { if (status.textContent === MUTED) say("Looking for a face…"); };
    flip = track.getSettings().facingMode !== "environment";
    video.classList.toggle("mirrored", flip);
    video.srcObject = arrived;
    anew = true;
    enter("live");
    say("Looking for a face…");
    try {
      await video.play();
      other.hidden = (await cameras()).length < 2 || !moves();
    } catch (error) {
      if (stream === arrived) refuse(cameraTrouble(error));
      return;
    }
    if (button === start || button === other) pause.focus();
    listenTo(!document.hidden);
    watch(arrived);
  }

  /** Send a frame as soon as the camera has a new one and the last is answered. */
  function watch(mine) {
    const next = () => {
      if (stream !== mine) return;
      fresh = true;
      if (!waiting) send();
      watch(mine);
    };
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(next);
    else requestAnimationFrame(next);
  }

  const paper = document.createElement("canvas");
  const pen = paper.getContext("2d", { alpha: false, willReadFrequently: true });

  async function send() {
    const { videoWidth: width, videoHeight: height } = video;
    if (!moves() || (mode === "live" && document.hidden) || !width) return;
    fresh = false;
    const mine = (waiting = { turn: String(Math.random()), at: performance.now() });
    const scale = Math.min(1, FRAME.longest / Math.max(width, height));
    const [wide, tall] = [Math.round(width * scale), Math.round(height * scale)];
    if (paper.width !== wide || paper.height !== tall) Object.assign(paper, { width: wide, height: tall });
    pen.drawImage(video, 0, 0, wide, tall);
    const blob = await new Promise((done) => paper.toBlob(done, "image/jpeg", FRAME.quality));
    const bytes = await blob?.arrayBuffer();
    if (waiting !== mine) return;
    if (!bytes) {
      forgo();
      return;
    }
    const wish = { turn: mine.turn, seconds: mine.at / 1000, anew, map: where.value || null };
    model.send({ kind: "frame", ...wish }, undefined, [bytes]);
    anew = false;
    clearTimeout(patience);
    patience = setTimeout(() => {
      if (waiting !== mine) return;
      say(NO_ANSWER, "error");
      goAway();
      waiting = null;
      send();
    }, PATIENCE);
  }

  /** Take the boxes away: nobody knows where the faces are. */
  function goAway() {
    shown.clear();
    board()?.stale(true);
  }

  function hear(message, [probabilities, logits, maps]) {
    const { at } = waiting;
    forgo();
    frame = message;
    const now = performance.now();
    const count = network.attributes.length;
    for (const face of shown.values()) face.left ??= now;
    const size = message.map ? message.map.height * message.map.width : 0;
    const [p, l, m] = [probabilities, logits, maps].map((each) => each && numbers(each, Float32Array));
    message.faces.forEach((face, i) => {
      const known = shown.get(face.number) ?? { place: face.place, born: now };
      known.values = size ? Array.from(m.subarray(i * size, (i + 1) * size)) : null;
      if (!size || known.map?.name !== message.map.name) known.tinted = null;
      Object.assign(known, {
        target: face.place, hints: face.hints, map: message.map, left: null,
        probabilities: p.subarray(i * count, (i + 1) * count),
        logits: l.subarray(i * count, (i + 1) * count),
      });
      shown.set(face.number, known);
    });
    unpainted = { at, part: message.milliseconds };
    if (mode === "live" && fresh) send();
  }

  /** What is written of a face, and which face the board tells of: less often than boxes move. */
  function tell(now) {
    const numbersOf = [...shown].filter(([, face]) => !face.left).map(([number]) => number);
    if (!numbersOf.includes(picked)) picked = numbersOf[0] ?? null;
    for (const face of shown.values()) {
      face.words = chosen.map((name) => {
        const i = network.attributes.findIndex((each) => each.name === name);
        const probability = face.probabilities[i];
        return {
          label: network.attributes[i].label,
          probability,
          verdict: board()?.verdict(name, probability, face.hints.length > 0) ?? "",
        };
      });
    }
    const said = status.textContent;
    if (mode === "paused") say(PAUSED, "done");
    else if (numbersOf.length) say(numbersOf.length === 1 ? "One face in sight." : `${numbersOf.length} faces in sight.`, "done");
    else if (said !== NO_ANSWER && said !== MUTED && !document.hidden) say("Looking for a face…");
    hint.textContent = shown.get(picked)?.hints.join(" ") ?? "";
    if (picks.dataset.faces !== String(numbersOf)) {
      picks.dataset.faces = String(numbersOf);
      const buttons = numbersOf.map((number) => {
        const button = element("button", { type: "button" }, `Face ${number}`);
        button.onclick = () => pick(number);
        return button;
      });
      picks.replaceChildren(...buttons);
    }
    picks.hidden = numbersOf.length < 2;
    [...picks.children].forEach((button, i) => { button.ariaPressed = String(numbersOf[i] === picked); });
    if (now - told >= TELL) {
      told = now;
      const face = shown.get(picked);
      if (face) {
        board()?.read({
          key: `live-${picked}`, hints: face.hints,
          logits: Array.from(face.logits), probabilities: Array.from(face.probabilities),
        });
      }
      board()?.stale(!face);
      count(now);
    }
  }

  function count(now) {
    while (answers.length && answers[0].when < now - SPAN) answers.shift();
    if (mode !== "live" || answers.length < 3) {
      figures.textContent = "";
      return;
    }
    const rate = (1000 * (answers.length - 1)) / (answers.at(-1).when - answers[0].when);
    const late = Math.round(middle(answers.map((each) => each.late)));
    const part = Math.round(middle(answers.map((each) => each.part)));
    figures.textContent = `${rate.toFixed(rate < 10 ? 1 : 0)} pictures a second; ${late} ms from a picture to its box, ${part} of them to find the face and ask the network.`;
  }

  function pick(number) {
    picked = number;
    told = 0;
    tell(performance.now());
  }

  /** The upright box of a face in pixels of the frame, from where its template lies there. */
  function boxOf(place) {
    const [x, y, w, h] = network.box;
    const scale = Math.hypot(place[0], place[3]);
    const [cx, cy] = [x + w / 2, y + h / 2];
    return {
      x: place[0] * cx + place[1] * cy + place[2] - (w * scale) / 2,
      y: place[3] * cx + place[4] * cy + place[5] - (h * scale) / 2,
      w: w * scale,
      h: h * scale,
    };
  }

  let before = 0;
  function paint(now) {
    if (!moves()) return;
    painting = requestAnimationFrame(paint);
    const passed = Math.min(200, now - before);
    before = now;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const [wide, tall] = [Math.round(video.clientWidth * ratio), Math.round(video.clientHeight * ratio)];
    if (!wide || !network) return;
    if (canvas.width !== wide || canvas.height !== tall) Object.assign(canvas, { width: wide, height: tall });
    for (const [number, face] of shown) {
      if (face.left && now - face.left > GONE) shown.delete(number);
    }
    if (now - read >= READ) {
      read = now;
      tell(now);
    }
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, wide, tall);
    const to = { x: wide / frame.width, y: tall / frame.height };
    const share = 1 - Math.exp(-passed / EASE);
    for (const [number, face] of shown) {
      face.place = towards(face.place, face.target, share);
      if (face.values) drawMap(context, face, to, wide, 1 - Math.exp(-passed / MAP_EASE));
    }
    for (const [number, face] of shown) drawBox(context, number, face, { to, wide, ratio, now });
    // The face that the board tells of is the first to have its words written.
    const taken = [...shown.values()].map((face) => face.box);
    for (const [number, face] of [...shown].sort(([a], [b]) => (b === picked) - (a === picked))) {
      if (face.words?.length) drawWords(context, face, taken, { wide, tall, ratio, first: number === picked });
    }
    context.globalAlpha = 1;
    if (unpainted) {
      answers.push({ when: now, late: performance.now() - unpainted.at, part: unpainted.part });
      unpainted = null;
    }
  }

  function drawMap(context, face, to, wide, share) {
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

  function font(context, wide, ratio) {
    const size = Math.round((wide / ratio < 480 ? 12 : 14) * ratio);
    context.font = `600 ${size}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    return size;
  }

  function drawBox(context, number, face, { to, wide, ratio, now }) {
    const box = boxOf(face.place);
    const [w, h, y] = [box.w * to.x, box.h * to.y, box.y * to.y];
    const x = flip ? wide - (box.x + box.w) * to.x : box.x * to.x;
    face.box = { x, y, w, h };
    const mine = number === picked;
    // It neither jumps in nor out.
    face.alpha = face.left ? Math.max(0, 1 - (now - face.left) / GONE) : Math.min(1, (now - face.born) / 150);
    context.globalAlpha = face.alpha;
    const outline = (width, style) => {
      context.lineWidth = width * ratio;
      context.strokeStyle = style;
      context.beginPath();
      context.roundRect(x, y, w, h, 8 * ratio);
      context.stroke();
    };
    outline(5, "#00000070");
    outline(3, mine ? "#4fd8cf" : "#ffffff");
    if (shown.size < 2) return;
    const size = font(context, wide, ratio);
    const width = context.measureText(number).width + size;
    context.fillStyle = mine ? "#0b7373" : "#000000b0";
    context.beginPath();
    context.roundRect(x, y, width, 1.6 * size, [8 * ratio, 0, 8 * ratio, 0]);
    context.fill();
    context.fillStyle = "#ffffff";
    context.fillText(number, x + size / 2, y + 0.85 * size);
  }

  /** The chosen attributes on a plate beside the box, never outside the picture. */
  function drawWords(context, face, taken, { wide, tall, ratio, first }) {
    const { words, box } = face;
    const size = font(context, wide, ratio);
    const line = Math.round(1.7 * size);
    const pad = Math.round(size / 2);
    const most = Math.max(1, Math.floor((tall - 3 * pad) / line));
    const rows = words.length > most ? words.slice(0, most - 1) : words;
    const texts = rows.map((row) => row.label);
    if (rows.length < words.length) texts.push(`and ${words.length - rows.length} more`);
    const digits = context.measureText("0.00").width;
    const longest = Math.max(...texts.map((text) => context.measureText(text).width));
    const plate = { w: Math.ceil(longest + digits + size + 5 * pad), h: texts.length * line + pad };
    const at = placeFor(face, plate, taken, { wide, tall, gap: pad, first });
    if (!at) return;
    const { x, y } = Object.assign(plate, at);
    taken.push(plate);
    context.globalAlpha = face.alpha;
    context.fillStyle = "#0b1416c0";
    context.beginPath();
    context.roundRect(x, y, plate.w, plate.h, pad);
    context.fill();
    texts.forEach((text, i) => {
      const middle = y + pad / 2 + (i + 0.5) * line;
      const row = rows[i];
      if (row) {
        context.fillStyle = SHADES[row.verdict] ?? "#ffffff";
        context.fillRect(x, middle - line / 2 + 2, 4, line - 4);
        context.textAlign = "center";
        context.fillText(SIGNS[row.verdict] ?? "", x + plate.w - pad - size / 2, middle);
        context.textAlign = "right";
        context.fillText(row.probability.toFixed(2), x + plate.w - 2 * pad - size, middle);
        context.textAlign = "left";
      }
      context.fillStyle = row && row.verdict !== "no" ? "#ffffff" : "#d0dadb";
      context.fillText(text, x + 1.5 * pad, middle);
    });
  }

  /** Where a plate hides no face and no other plate: beside the box, below or above it.
   *
   * It stays on the side where it was while there is room. Where there is none, only the first
   * face's is drawn, over the picture's edge.
   */
  function placeFor(face, { w, h }, taken, { wide, tall, gap, first }) {
    const { box } = face;
    const inside = (at, size, room) => Math.min(room - size - gap, Math.max(gap, at));
    const middle = inside(box.y + (box.h - h) / 2, h, tall);
    const centre = inside(box.x + (box.w - w) / 2, w, wide);
    const places = {
      right: { x: box.x + box.w + gap, y: middle },
      left: { x: box.x - gap - w, y: middle },
      below: { x: centre, y: box.y + box.h + gap },
      above: { x: centre, y: box.y - gap - h },
    };
    const order = box.x + box.w / 2 > wide / 2 ? ["left", "right"] : ["right", "left"];
    const isFree = ({ x, y }) => x >= 0 && y >= 0 && x + w <= wide && y + h <= tall
      && taken.every((other) => x >= other.x + other.w || x + w <= other.x || y >= other.y + other.h || y + h <= other.y);
    for (const side of [face.side, ...order, "below", "above"]) {
      if (side && isFree(places[side])) {
        face.side = side;
        return places[side];
      }
    }
    face.side = null;
    return first ? { x: inside(places[order[0]].x, w, wide), y: middle } : null;
  }

  function choose() {
    const ticked = [...boxes.querySelectorAll("input")].filter((input) => input.checked).map((input) => input.value);
    // The order in which they were chosen is the order in which they stand.
    chosen = [...chosen.filter((name) => ticked.includes(name)), ...ticked.filter((name) => !chosen.includes(name))];
    entitle();
    read = 0;
  }

  function entitle() {
    const open = chosen.filter((name) => !describe(name).judgement).map((name) => describe(name).label);
    const folded = chosen.length - open.length;
    if (folded) open.push(folded === 1 ? "one judgement about people" : `${folded} judgements about people`);
    title.textContent = `Written beside a face: ${open.join(", ") || "nothing"}`;
  }

  function offer() {
    const item = ({ name, label, note }) => element("label", { className: "small", title: note },
      element("input", { type: "checkbox", value: name, checked: chosen.includes(name), onchange: choose }), label);
    const plain = network.attributes.filter((each) => !each.judgement);
    const judged = network.attributes.filter((each) => each.judgement);
    const groups = network.groups.map(([group, text]) => [text, plain.filter((each) => each.group === group)]);
    boxes.replaceChildren(
      ...groups.filter(([, members]) => members.length).map(([text, members]) => element(
        "fieldset", {}, element("legend", { className: "small" }, text), ...members.map(item))),
      ...(judged.length ? [element("details", { className: "judgements" },
        element("summary", {}, `${network.judgements.title} (${judged.length})`),
        element("p", { className: "small" }, network.judgements.note),
        element("fieldset", { ariaLabel: network.judgements.title }, ...judged.map(item)))] : []),
    );
    entitle();
    const wanted = where.value;
    const options = plain.toSorted((a, b) => a.label.localeCompare(b.label));
    where.replaceChildren(element("option", { value: "" }, "not shown"),
      ...options.map(({ name, label }) => element("option", { value: name }, label)));
    where.value = options.some(({ name }) => name === wanted) ? wanted : "";
    bar.hidden = !where.value;
  }

  /** Look again at the picture that stands still: what is asked of it has changed. */
  function again() {
    bar.hidden = !where.value;
    if (mode !== "paused") return;
    forgo();
    send();
  }

  /** Go on with the moving picture; `another` person may sit there by now. */
  function resume(another) {
    enter("live");
    anew ||= another;
    fresh = false;
    forgo();
    listenTo(!document.hidden);
    say("Looking for a face…");
    video.play().catch(() => {});
    cameras().then((all) => { other.hidden = all.length < 2 || !moves(); });
  }

  start.onclick = () => open({ facingMode: "user" });
  other.onclick = async () => {
    const used = stream;
    const wish = await otherCamera(used.getVideoTracks()[0]);
    if (stream === used) open(wish);
  };
  stop.onclick = () => {
    asked = null;
    leave();
    say("", "empty");
    start.focus();
  };
  pause.onclick = () => {
    if (mode === "paused") {
      resume(false);
      return;
    }
    forgo();
    video.pause();
    enter("paused");
    say(PAUSED, "done");
    send(); // so that the boxes are those of the picture that stands
  };
  shoot.onclick = async () => {
    forgo();
    video.pause();
    const taken = encode(video, video.videoWidth, video.videoHeight);
    board()?.read(null);
    enter("still");
    listenTo(false);
    say("Making the snapshot ready to send…");
    back.focus();
    const mine = (asked = { turn: String(Math.random()) });
    const bytes = await (await taken)?.arrayBuffer();
    if (asked !== mine) return;
    if (bytes) model.send({ kind: "photo", name: "snapshot", turn: mine.turn }, undefined, [bytes]);
    else say("The snapshot could not be taken. Go back to the camera and try it again.", "error");
  };
  back.onclick = () => {
    asked = null;
    model.send({ kind: "clear", turn: String(Math.random()) });
    if (stream) {
      resume(true);
      shoot.focus();
    } else {
      open({ facingMode: "user" });
    }
  };
  where.onchange = () => {
    again();
    if (!where.value) return;
    tellChosen(el, where.value);
    model.send({ kind: "choose", name: where.value });
  };
  hearChosen(el, signal, (name) => {
    if (!where.value || !network) return;
    if (![...where.options].some((option) => option.value === name)) {
      where.append(element("option", { value: name }, describe(name)?.label ?? name));
    }
    where.value = name;
    again();
  });
  canvas.onclick = (event) => {
    const edge = canvas.getBoundingClientRect();
    const x = ((event.clientX - edge.left) * canvas.width) / edge.width;
    const y = ((event.clientY - edge.top) * canvas.height) / edge.height;
    for (const [number, { box }] of shown) {
      if (box && x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h) pick(number);
    }
  };

  const options = { signal };
  document.addEventListener("visibilitychange", () => {
    if (mode !== "live") return;
    listenTo(!document.hidden);
    forgo();
    if (document.hidden) {
      goAway();
      say(AWAY);
    } else {
      resume(true);
    }
  }, options);
  navigator.mediaDevices?.addEventListener?.("devicechange", async () => {
    const there = await cameras();
    if (moves()) other.hidden = there.length < 2;
    if (unplugged && mode === "off" && there.length) open({ facingMode: "user" });
  }, options);
  window.addEventListener("pagehide", () => {
    asked = null;
    leave();
    model.send({ kind: "clear" });
  }, options);

  const kernel = model.widget_manager?.kernel;
  const state = (_, now) => {
    if (["dead", "restarting", "autorestarting", "terminating"].includes(now) && mode !== "off") {
      asked = null;
      refuse(KERNEL_GONE);
    }
  };
  kernel?.statusChanged.connect(state);
  signal.addEventListener("abort", () => kernel?.statusChanged.disconnect(state));

  // For the other views of the page, and for whoever measures it.
  el.facelens = {
    answers: () => answers,
    faces: () => [...shown].map(([number, { box, words }]) => ({ number, words, ...box })),
  };

  const silence = listen(model, el, {
    text: (message) => {
      privacy.textContent = message.privacy;
      if (!able) say(NO_LENS, "error");
    },
    notice({ text }) {
      notice.textContent = text;
      notice.hidden = !text;
    },
    network(message, [colours]) {
      network = message;
      lut = numbers(colours, Uint8Array);
      // Another network keeps what the visitor has chosen, as far as it knows it.
      const kept = chosen.filter(describe);
      chosen = kept.length ? kept : message.everyday;
      shown.clear();
      offer();
      settings.hidden = !moves();
      read = told = 0;
    },
    seen(message, buffers) {
      if (waiting?.turn === message.turn && network) hear(message, buffers);
    },
    failed({ text, turn }) {
      if (waiting?.turn !== turn) return;
      forgo();
      goAway();
      say(text, "error");
      const mine = (waiting = {});
      patience = setTimeout(() => {
        if (waiting === mine) waiting = null;
      }, RETRY);
    },
    status({ text, state: how, turn }) {
      if (how === "error" && !turn && mode === "off") say(text, how); // of a network that cannot be loaded
      else if (mode === "still" && asked?.turn === turn) say(text, how);
    },
  });
  enter("off");
  return () => {
    cancelAnimationFrame(painting);
    asked = null;
    leave();
    silence();
  };
}

export default { render };
