import { cameraButtons, faceButtons } from "./buttons.js";
import { cameraChoice } from "./choice.js";
import { facesInSight } from "./faces.js";
import { foundBoxes } from "./found.js";
import { frameSender, pace } from "./frames.js";
import { lateness, stillPicture } from "./late.js";
import { cameras, cameraTrouble, encode } from "./lens.js";
import { paintFaces, placeOn, viewOf } from "./overlay.js";
import { facePlates } from "./plates.js";
import { element, hearChosen, hearDeath, listen, numbers, tellChosen, watchSight } from "./shared.js";
import { LINES, statusLine } from "./status.js";
import { cameraStream } from "./stream.js";
import { warnings } from "./warn.js";

const READ = 200; // what is written is written anew no more often: digits are to be read
const TELL = 330; // likewise the board, which is larger
const MIRROR = "The camera showed you as in a mirror; the snapshot is not mirrored.";

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
  const found = foundBoxes();
  const warn = warnings();
  const choice = cameraChoice(() => { read = 0; }, again, warn);
  const { settings, where } = choice;
  const figures = element("p", { className: "small figures" });
  const hint = element("p", { className: "small hint" });
  const well = element("div", { className: "well" }, invite, stage, warn.line, plates.list, found.line, picks.row, buttons.row, mirror);
  const status = statusLine();
  const { say } = status;
  const notice = element("p", { className: "notice", role: "status", hidden: true });
  const privacy = element("small", { className: "privacy" });
  el.classList.add("facelens", "camera");
  el.append(well, status.line, figures, hint, settings, notice, privacy);

  let mode = "off"; // or "asking", "live", "paused", "still": a snapshot is on the page
  let snapshot = null; // the one that is awaited
  let opener = null; // what had the focus when the camera was asked for
  let dead = false; // the kernel
  let away = false; // out of sight
  let anew = true; // whoever is seen next may be somebody else
  let network = null;
  let lut = null;
  let frame = { width: 1, height: 1 };
  const answers = []; // of the last seconds: when, how long after the picture, the kernel's part
  const counts = { pictures: 0, sent: 0, answered: 0, paints: 0 }; // since the view was drawn
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
    refused(error) { refuse(cameraTrouble(error)); },
    ended() { refuse(LINES.ended); },
    muted() {
      if (mode !== "live") return;
      goAway();
      say(LINES.muted, "error");
    },
    unmuted: status.unmute,
    unplugged() { say(LINES.unplugged, "error"); },
    back(wish) { if (!away && !dead) open(wish); },
  });

  const frames = frameSender(video, {
    takes: () => (mode === "live" && !away ? "moving" : mode === "paused" ? "still" : ""),
    send(turn, at, bytes) {
      counts.sent += 1;
      const map = where.value || null;
      model.send({ kind: "frame", turn, seconds: at / 1000, anew, map, tasks: choice.tasks }, undefined, [bytes]);
    },
    silent() {
      if (!moves()) return;
      goAway();
      say(LINES.noAnswer, "error");
    },
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
    found.clear();
    warn.clear();
    canvas.width = 0; // nothing of the picture stays
    still.wipe();
    late.clear();
    frames.wipe();
  }

  /** Let go of the camera, here and in the kernel. */
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

  /** Take the boxes away: nobody knows where the faces are. */
  function goAway() {
    sight.shown.clear();
    found.clear();
    warn.clear();
    late.clear();
    board()?.stale(true);
  }

  function hear(message, buffers, at) {
    frame = message;
    anew = false;
    status.mend();
    sight.hear(message, buffers, network.attributes.length);
    found.hear(message.boxes ?? [], sight.shown, performance.now());
    warn.hear(message.states ?? [], performance.now());
    late.answered(at, performance.now(), message.faces.length);
    unpainted = { at, part: message.milliseconds };
    counts.answered += 1;
  }

  /** What is written of a face, and which face the board tells of: less often than boxes move. */
  function tell(now) {
    sight.follow(now);
    sight.write(choice.chosen, network.attributes, (...row) => board()?.verdict(...row));
    const there = sight.there();
    const { picked } = sight;
    status.mentionFaces(there.length, { paused: mode === "paused", away });
    hint.textContent = sight.shown.get(picked)?.hints.join(" ") ?? "";
    picks.show(there, picked, now);
    plates.write(sight.shown, there, now);
    found.write();
    if (now - told < TELL) return;
    told = now;
    const face = sight.shown.get(picked);
    if (face) {
      board()?.read({
        key: `live-${picked}`, hints: face.hints, weak: face.weak,
        logits: Array.from(face.logits), probabilities: Array.from(face.probabilities),
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
    found.paint(view, { stands });
    plates.paint(view, sight.shown, sight.picked);
    if (unpainted) {
      answers.push({ when: now, late: performance.now() - unpainted.at, part: unpainted.part });
      unpainted = null;
    }
  }

  /** What is asked of the picture has changed: if it stands still, ask again. */
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
    video.play().catch(() => {});
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
    frames.again(); // so that the boxes are those of the picture that stands
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
    if (bytes) model.send({ kind: "photo", name: "snapshot", near, turn: mine.turn }, undefined, [bytes]);
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
    if (number !== undefined) pick(number);
  };

  // What nobody sees is neither sent nor taken from the camera: a tab behind another, also in a lab.
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

  // For the other views of the page, for measurements and tests.
  el.facelens = {
    answers: () => answers,
    counts,
    stands: () => late.held,
    warned: warn.counts,
    faces: () => [...sight.shown].map(([number, { box, words, points, plate, mark }]) => (
      { number, words, points, plate, mark, ...box })),
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
      if (how === "error" && !turn && mode === "off") say(text, how); // of a network that cannot be loaded
      else if (mode === "still" && snapshot?.turn === turn) say(text, how);
    },
  });
  enter("off");
  return () => {
    cancelAnimationFrame(painting);
    snapshot = null;
    mode = mode === "still" ? "off" : mode;
    leave();
    warn.close();
    silence();
  };
}

export default { render };
