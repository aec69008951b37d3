// A frame as it is sent: large enough for faces across a room, small enough to be quick.
const FRAME = { longest: 640, quality: 0.8 };
// Milliseconds. A frame that has no answer by then counts as lost; another goes off.
const PATIENCE = 4000;
const RETRY = 1000;
const READ = 200; // what is written is written anew no more often: digits are to be read
const TELL = 330; // likewise the board, which is larger
const SETTLE = 800; // so long something has to be so before it is said: it may be read out
const STAY = 5000; // so long the choice of a face stays when one is left, lest the page jumps
const SPAN = 2000; // over which frames are counted
const LOOKING = "Looking for a face…";
const NO_LENS = "Browsers give the camera only to pages that come by https, or from this computer itself.";
const ENDED = "The camera has stopped. Start it again.";
const UNPLUGGED = "The camera was unplugged. It goes on by itself when it is back.";
const NO_ANSWER = "No answer yet from the computer behind this page. The boxes come back as soon as it answers.";
const KERNEL_GONE = "The computer behind this page has gone, so the camera was switched off. Reload the page to go on.";
const MUTED = "The camera gives no picture at the moment. The boxes come back with it.";
const AWAY = "Out of sight, this page sends nothing.";
const PAUSED = "Paused: nothing is sent. Move a threshold and see what it changes.";
const MIRROR = "The camera showed you as in a mirror; the snapshot is not mirrored.";

const middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

function render({ model, el, signal }) {
  const able = Boolean(navigator.mediaDevices?.getUserMedia);
  const video = element("video", { playsInline: true, muted: true, ariaLabel: "What the camera sees" });
  const canvas = element("canvas", { role: "img", ariaLabel: "Boxes and answers over the picture" });
  const stage = element("div", { className: "stage" }, video, canvas);
  const invite = element("p", { className: "invite" }, "Start the camera: every face in its picture is boxed and read while it moves.");
  const start = element("button", { type: "button", className: "main" }, "Start the camera");
  const pause = element("button", { type: "button" });
  const shoot = element("button", { type: "button", className: "main" }, "Take a snapshot");
  const other = element("button", { type: "button", hidden: true }, "Other camera");
  const stop = element("button", { type: "button" });
  const back = element("button", { type: "button", className: "main" }, "Back to the camera");
  const mirror = element("small", { hidden: true }, MIRROR);
  const buttons = element("div", { className: "buttons" }, start, shoot, pause, other, stop, back);
  const picks = element("div", { className: "picks", role: "group", ariaLabel: "Faces in sight", hidden: true });
  const figures = element("p", { className: "small figures" });
  const hint = element("p", { className: "small hint" });
  const where = element("select");
  const bar = element("span", { className: "scale small", hidden: true },
    element("span", {}, "nothing"), element("i", { ariaHidden: "true" }), element("span", {}, "speaks for it"));
  const looks = element("div", { className: "line" },
    element("label", { className: "small" }, "Where it looks for", where), bar);
  const title = element("summary");
  const boxes = element("div", { className: "groups" });
  const choice = element("details", { className: "choice" }, title, boxes);
  const settings = element("div", { className: "settings" }, looks, choice);
  const well = element("div", { className: "well" }, invite, stage, picks, buttons, mirror);
  const status = element("p", { className: "status", role: "status", dataset: { state: "empty" } });
  const notice = element("p", { className: "notice", role: "status", hidden: true });
  const privacy = element("small", { className: "privacy" });
  el.classList.add("facelens", "camera");
  el.append(well, status, figures, hint, settings, notice, privacy);

  let mode = "off"; // or "asking", "live", "paused", "still": a snapshot is on the page
  let stream = null;
  let wished = { facingMode: "user" }; // which camera was asked for last
  let flip = true;
  let lost = null; // the camera that was unplugged: its id, and whether it has gone from the list
  let dead = false; // the kernel
  let away = false; // out of sight
  let asked = null; // a camera or a snapshot that is awaited
  let waiting = null; // the frame that has no answer yet: there is never a second
  let patience;
  let fresh = false; // the camera has given a picture since the last frame
  let due = false; // the picture that stands still has to be asked about
  let anew = true; // whoever is seen next may be somebody else
  let network = null;
  let lut = null;
  let chosen = [];
  let picked = null;
  let frame = { width: 1, height: 1 };
  const shown = new Map(); // number of a face to what is drawn of it
  const answers = []; // of the last seconds: when, how long after the picture, the kernel's part
  let unpainted = null;
  let painting = 0;
  let painted = 0;
  let read = 0;
  let told = 0;
  let met = -Infinity; // when the picked face was last in sight
  let crowd = 0; // when there was last more than one face
  let news = { text: "", since: 0 };

  const page = () => el.closest(".facelens-page");
  const board = () => page()?.querySelector(".board")?.facelens;
  const moves = () => mode === "live" || mode === "paused";
  const describe = (name) => network?.attributes.find((each) => each.name === name);
  const inSight = () => [...shown].filter(([, face]) => !face.left).map(([number]) => number);

  function say(text, state = "busy") {
    if (status.textContent === text && status.dataset.state === state) return;
    status.textContent = text;
    status.dataset.state = state;
  }

  /** Say what has been so for a while. What went wrong stands until it is mended. */
  function mention(text, state) {
    const now = performance.now();
    if (news.text !== text) news = { text, since: now };
    if (status.dataset.state !== "error" && now - news.since >= SETTLE) say(text, state);
  }

  function enter(next) {
    mode = next;
    const on = moves();
    el.classList.toggle("on", on);
    el.classList.toggle("still", next === "still");
    page()?.classList.toggle("facelens-live", on);
    invite.hidden = next !== "off" && next !== "asking";
    stage.hidden = figures.hidden = hint.hidden = shoot.hidden = pause.hidden = !on;
    settings.hidden = !on || !network;
    start.hidden = next !== "off" || !able || dead;
    stop.hidden = !on && next !== "asking";
    stop.textContent = on ? "Stop" : "Cancel";
    if (!on) picks.hidden = other.hidden = true;
    back.hidden = next !== "still" || dead;
    mirror.hidden = next !== "still" || !flip;
    pause.textContent = next === "paused" ? "Go on" : "Pause";
    cancelAnimationFrame(painting);
    if (on) painting = requestAnimationFrame(paint);
    else wipe();
  }

  function wipe() {
    shown.clear();
    picked = null;
    met = -Infinity;
    answers.length = 0;
    figures.textContent = hint.textContent = "";
    picks.replaceChildren();
    crowd = 0;
    canvas.width = paper.width = 0; // nothing of the picture stays
  }

  /** Let go of the camera, here and in the kernel. */
  function leave() {
    forgo();
    due = fresh = false;
    if (stream) model.send({ kind: "rest" });
    halt(stream);
    stream = null;
    video.srcObject = null;
    if (mode !== "still") {
      if (moves()) board()?.read(null);
      enter("off");
    }
  }

  function refuse(text) {
    const pressed = el.contains(document.activeElement) || document.activeElement === document.body;
    leave();
    say(text, "error");
    if (pressed && !start.hidden) start.focus();
  }

  const listenTo = (on) => stream?.getVideoTracks().forEach((track) => { track.enabled = on; });

  async function open(wish) {
    leave(); // a phone opens its second camera only when the first is closed
    lost = null;
    wished = wish;
    fold();
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

  async function show(arrived, button) {
    stream = arrived;
    const [track] = arrived.getVideoTracks();
    const { deviceId, facingMode } = track.getSettings();
    track.onended = () => {
      if (stream !== arrived) return;
      refuse(ENDED);
      lost = deviceId ? { deviceId, gone: false } : null;
      seek();
    };
    track.onmute = () => {
      if (stream !== arrived || mode !== "live" || !track.enabled) return;
      goAway();
      say(MUTED, "error");
    };
    track.onunmute = () => { if (status.textContent === MUTED) say(LOOKING); };
    flip = facingMode !== "environment";
    video.classList.toggle("mirrored", flip);
    video.srcObject = arrived;
    anew = true;
    shoot.disabled = pause.disabled = true;
    enter("live");
    say(LOOKING);
    try {
      await video.play();
      other.hidden = (await cameras()).length < 2 || !moves();
    } catch (error) {
      if (stream === arrived) refuse(cameraTrouble(error));
      return;
    }
    if (stream !== arrived) return;
    shoot.disabled = pause.disabled = false;
    if ([start, other, back, document.body].includes(button)) pause.focus();
    listenTo(!away);
    watch(arrived);
  }

  /** The camera that was unplugged goes on when it is back, and no other in its place. */
  async function seek() {
    if (!lost) return;
    const mine = lost;
    const there = (await cameras()).some((each) => each.deviceId === mine.deviceId);
    if (lost !== mine || mode !== "off") return;
    if (!there) {
      mine.gone = true;
      say(UNPLUGGED, "error");
    } else if (mine.gone && !away && !dead) {
      open({ deviceId: { exact: mine.deviceId } });
    }
  }

  /** Note each picture that the camera gives. */
  function watch(mine) {
    const next = () => {
      if (stream !== mine) return;
      fresh = true;
      proceed();
      watch(mine);
    };
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(next);
    else requestAnimationFrame(next);
  }

  const paper = document.createElement("canvas");
  const pen = paper.getContext("2d", { alpha: false, willReadFrequently: true });

  /** Send a frame if there is one to send and the one before is answered. */
  function proceed() {
    if (waiting || !video.videoWidth) return;
    if ((mode === "live" && fresh && !away) || (mode === "paused" && due)) send();
  }

  async function send() {
    fresh = due = false;
    const mine = (waiting = { turn: String(Math.random()), at: performance.now(), wanted: true });
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
    const wish = { turn: mine.turn, seconds: mine.at / 1000, anew, map: where.value || null };
    model.send({ kind: "frame", ...wish }, undefined, [bytes]);
    patience = setTimeout(() => {
      if (mine.wanted && moves()) {
        goAway();
        say(NO_ANSWER, "error");
      }
      settle();
    }, PATIENCE);
  }

  /** The frame that was waited for is answered, or will not be. */
  function settle() {
    clearTimeout(patience);
    waiting = null;
    proceed();
  }

  /** Pass over the answer that is on its way; the next frame waits for it all the same. */
  function forgo() {
    if (waiting) waiting.wanted = false;
  }

  /** Take the boxes away: nobody knows where the faces are. */
  function goAway() {
    shown.clear();
    board()?.stale(true);
  }

  function hear(message, [probabilities, logits, maps]) {
    const { at } = waiting;
    frame = message;
    anew = false;
    if (status.dataset.state === "error") say(LOOKING);
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
  }

  /** What is written of a face, and which face the board tells of: less often than boxes move. */
  function tell(now) {
    const there = inSight();
    // Who is missed for a moment is still the one that was picked.
    if (there.includes(picked)) met = now;
    else if (now - met > SETTLE) picked = there[0] ?? null;
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
    if (mode === "paused") mention(PAUSED, "done");
    else if (there.length === 1) mention("One face in sight.", "done");
    else if (there.length) mention(`${there.length} faces in sight.`, "done");
    else mention(away ? AWAY : LOOKING);
    hint.textContent = shown.get(picked)?.hints.join(" ") ?? "";
    offerFaces(there, now);
    if (now - told < TELL) return;
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

  /** A button for each face, where there are several. */
  function offerFaces(there, now) {
    const known = new Map([...picks.children].map((button) => [Number(button.dataset.number), button]));
    for (const [number, button] of known) {
      if (there.includes(number)) continue;
      if (button === document.activeElement) (button.nextSibling ?? button.previousSibling ?? pause).focus();
      button.remove();
    }
    for (const number of there) {
      if (known.has(number)) continue;
      const button = element("button", { type: "button", dataset: { number } }, `Face ${number}`);
      button.onclick = () => pick(number);
      picks.insertBefore(button, [...picks.children].find((each) => each.dataset.number > number) ?? null);
    }
    for (const button of picks.children) button.ariaPressed = String(Number(button.dataset.number) === picked);
    if (there.length > 1) crowd = now;
    picks.hidden = !crowd || now - crowd > STAY;
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

  function paint(now) {
    if (!moves()) return;
    painting = requestAnimationFrame(paint);
    const passed = Math.min(200, now - painted);
    painted = now;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const [wide, tall] = [Math.round(video.clientWidth * ratio), Math.round(video.clientHeight * ratio)];
    if (!wide || !network) return;
    if (canvas.width !== wide || canvas.height !== tall) Object.assign(canvas, { width: wide, height: tall });
    if (now - read >= READ) {
      read = now;
      tell(now);
    }
    const to = { x: wide / frame.width, y: tall / frame.height };
    const view = { context: canvas.getContext("2d"), wide, tall, ratio, to, flip, now, passed };
    paintFaces(view, shown, { network, lut, picked });
    if (unpainted) {
      answers.push({ when: now, late: performance.now() - unpainted.at, part: unpainted.part });
      unpainted = null;
    }
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

  /** A judgement that was looked for is folded away again: another person may come. */
  function fold() {
    if (describe(where.value)?.judgement) {
      where.selectedOptions[0].remove();
      where.value = "";
      bar.hidden = true;
    }
  }

  /** What is asked of the picture has changed: if it stands still, ask again. */
  function again() {
    bar.hidden = !where.value;
    if (mode !== "paused") return;
    forgo();
    due = true;
    proceed();
  }

  function resume() {
    enter("live");
    forgo();
    due = fresh = false;
    listenTo(true);
    say(LOOKING);
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
    asked = lost = null;
    leave();
    say("", "empty");
    start.focus();
  };
  pause.onclick = () => {
    if (mode === "paused") {
      resume();
      return;
    }
    forgo();
    video.pause();
    enter("paused");
    say(PAUSED, "done");
    due = true; // so that the boxes are those of the picture that stands
    proceed();
  };
  shoot.onclick = async () => {
    const mine = (asked = { turn: String(Math.random()) });
    const taken = encode(video, video.videoWidth, video.videoHeight);
    const { box } = shown.get(picked) ?? {};
    const across = box && (box.x + box.w / 2) / canvas.width;
    const near = box && [flip ? 1 - across : across, (box.y + box.h / 2) / canvas.height];
    board()?.read(null);
    enter("still");
    leave();
    say("Making the snapshot ready to send…");
    back.focus();
    const bytes = await (await taken)?.arrayBuffer();
    if (asked !== mine) return;
    if (bytes) model.send({ kind: "photo", name: "snapshot", near, turn: mine.turn }, undefined, [bytes]);
    else say("The snapshot could not be taken. Go back to the camera and try it again.", "error");
  };
  back.onclick = () => {
    model.send({ kind: "back", turn: String(Math.random()) });
    mode = "off";
    open(wished);
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

  /** What nobody sees is neither sent nor taken from the camera: a tab behind another, also in a lab. */
  function sight() {
    const before = away;
    away = document.hidden || (el.isConnected && !el.getClientRects().length);
    if (away === before) return;
    listenTo(!away);
    if (mode !== "live") {
      seek();
    } else if (away) {
      forgo();
      goAway();
      say(AWAY);
      model.send({ kind: "rest" });
    } else {
      anew = true;
      resume();
    }
  }
  const options = { signal };
  document.addEventListener("visibilitychange", sight, options);
  const sized = new ResizeObserver(sight);
  sized.observe(el);
  navigator.mediaDevices?.addEventListener?.("devicechange", async () => {
    const there = await cameras();
    if (moves()) other.hidden = there.length < 2;
    seek();
  }, options);
  window.addEventListener("pagehide", () => {
    asked = lost = null;
    leave();
    model.send({ kind: "clear" });
  }, options);

  const kernel = model.widget_manager?.kernel;
  const state = (_, now) => {
    if (!["dead", "restarting", "autorestarting", "terminating"].includes(now)) return;
    dead = true;
    asked = lost = null;
    if (mode === "off" || mode === "still") enter(mode);
    else refuse(KERNEL_GONE);
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
      forgo();
      again();
    },
    seen(message, buffers) {
      if (waiting?.turn !== message.turn) return;
      if (waiting.wanted && network && moves()) hear(message, buffers);
      settle();
    },
    failed({ text, turn }) {
      if (waiting?.turn !== turn) return;
      if (waiting.wanted && moves()) {
        goAway();
        say(text, "error");
      }
      clearTimeout(patience);
      patience = setTimeout(settle, RETRY);
    },
    status({ text, state: how, turn }) {
      if (how === "error" && !turn && mode === "off") say(text, how); // of a network that cannot be loaded
      else if (mode === "still" && asked?.turn === turn) say(text, how);
    },
  });
  enter("off");
  return () => {
    cancelAnimationFrame(painting);
    sized.disconnect();
    asked = lost = null;
    mode = mode === "still" ? "off" : mode;
    leave();
    silence();
  };
}

export default { render };
