// The part of `facelens.ui.selfie` where there is no kernel: the road from a photo to what the views show.
import { openPanels } from "./classes.js";
import { exchanged, REGIONS } from "./exchange.js";
import { inVain } from "./faces.js";
import { layerOf } from "./layer.js";
import { finer, occlusion, whiskers } from "./network.js";
import { decoded, jpeg } from "./pictures.js";
import { openPoints } from "./points.js";
import { weakRows } from "./quality.js";
import { takeHome } from "./report.js";
import { stepsOf } from "./steps.js";
import { Trouble } from "./store.js";
import { mostTelling, moves } from "./words.js";

const SLICE = 50; // milliseconds that a wish may have to wait for covering
const LONGEST = 1120;
const BROKEN = "Something went wrong that Facelens did not foresee. Please try again or use another photo.";
const VIEWS = ["picture", "heatmap", "board", "compare", "inside", "steps", "about"];

export const sentenceOf = (error) => {
  if (error instanceof Trouble) return error.message;
  console.error(error);
  return BROKEN;
};

/** One visitor, one photo at a time. `tell(view, kind, content, buffers)` speaks to the views. */
export function openDesk({ store, finder, networks, tell, lut, masks, facts, entrance }) {
  const { site } = store;
  let network = null;
  let photo = null;
  let photos = 0;
  let faces = [];
  let answers = [];
  let picked = null;
  let kept = null;
  let choice = null;
  let chosen = false; // by the visitor, for the face on the page
  let covering = null;
  let layers = null;
  let points = null;
  let stages = {};
  let spreads = {}; // whiskers of faces, for a report
  let turn; // of the wish that is answered
  let near = null; // where a face was picked on a moving picture, in shares of it
  let followed = null; // the attribute that was looked at there

  const panels = openPanels({ store, tell, tellMap });
  const say = (text, state = "busy") => tell(entrance, "status", { text, state, turn });
  const face = () => faces[picked];
  const answer = () => answers[picked];
  const key = () => `${photos}-${picked}-${network.name}`;
  const timed = async (stage, what) => {
    const start = performance.now();
    try {
      return await what();
    } finally {
      stages[stage] = performance.now() - start;
    }
  };

  function tellFooter() {
    const times = Object.entries(stages).map(([stage, value]) => `${stage} ${Math.max(1, Math.round(value))} ms`);
    const lines = [network?.about.origin, ...site.footer.facts, network?.about.licence, times.join(", "), ...facts, site.footer.version];
    tell("footer", "facts", { lines: lines.filter(Boolean), launch: null, page: null });
  }

  function introduce() {
    tell("board", "network", { ...network.about.board, launch: null }, [network.curves]);
    if (entrance === "camera") tell("camera", "network", network.about.camera, [lut]);
    tell("network", "networks", { ...site.messages.network.networks, used: network.name });
    tellFooter();
  }

  /** Let go of the photo; a face that was kept stays. */
  function leave() {
    photo?.data.fill(0);
    for (const each of faces) if (each !== kept?.face) each.crop.data.fill(0);
    [photo, picked, choice, chosen, covering, layers] = [null, null, null, false, null, null];
    [faces, answers, stages, spreads] = [[], [], {}, {}];
    for (const view of VIEWS) tell(view, "clear");
    panels.clear();
    tellFooter();
  }

  const sayFound = (which) => say(faces.length === 1 ? "Found one face." : `Found ${faces.length} faces; ${which}.`, "done");

  async function draw() {
    const share = ({ x, y, w, h }) => [x / photo.width, y / photo.height, w / photo.width, h / photo.height];
    tell("picture", "photo", {
      width: photo.width, height: photo.height, boxes: faces.map(({ box }) => share(box)), hints: faces.map(({ hints }) => hints), more: true,
    }, [await jpeg(photo, { longest: LONGEST, quality: 0.88 })]);
  }

  /** Show the photo, and of its faces the `first`; without one say that, by default why. */
  async function show(first, vain = "") {
    photos += 1;
    if (!faces.length) {
      await draw();
      panels.offer(key(), { photo, faces, face: null });
      say(vain || await finder.why(photo), "none");
      return;
    }
    say("Asking the network…");
    try {
      answers = await timed("network", () => network.predict(faces.map(({ crop }) => crop), { maps: true }));
    } catch (error) {
      await draw();
      throw error;
    }
    await turnTo(first, { fresh: true });
    sayFound(first === 0 ? "the largest is chosen" : `you see face ${first + 1}`);
  }

  /** Turn the page to a face: `anew`, or to what another network reads in it; a `fresh` photo follows its answer. */
  async function turnTo(index, { anew = true, fresh = false } = {}) {
    picked = index;
    layers = null;
    const { about } = network;
    const now = answer();
    tellFace();
    if (fresh) await draw();
    tell("picture", "picked", { index });
    const crop = await jpeg(face().crop, { quality: 0.92 });
    tell("heatmap", "face", {
      ...about.heatmap, number: index + 1, alone: faces.length === 1, marks: Boolean(site.tasks.keypoints),
      attributes: about.heatmap.attributes.map((each, i) => ({ ...each, logit: now.logits[i], probability: now.probabilities[i] })),
    }, [crop, lut]);
    tellMap("map", { ...now.maps, passes: 1 }, stages.network / faces.length);
    covering = { check: occlusion(network, face().crop, site.occlusion), milliseconds: 0, evidence: null };
    if (anew || !network.names.includes(choice)) [choice, chosen] = [opening(now), false];
    if (choice !== null) tellChoice();
    tell("inside", "layers", about.inside, [crop]);
    tell("steps", "offer", { able: about.steps.able });
    const surest = about.board.rows
      .map(({ label, judgement }, i) => [label, now.logits[i] / about.temperature[i], judgement])
      .filter(([, , judgement]) => !judgement).sort((a, b) => b[1] - a[1]).slice(0, 3);
    if (surest.length > 1) tell("about", "face", { rows: surest.map(([label, logit]) => [label, logit]) });
    await setBeside();
    if (panels.offer(key(), { photo, faces, face: face() })) doubt();
    tellFooter();
    tell("network", "speed", { name: network.name, milliseconds: stages.network / faces.length });
  }

  function tellFace() {
    const { logits, probabilities } = answer();
    const weak = weakRows(network.about.weak, face().box.w);
    tell("board", "face", { key: key(), logits: [...logits], probabilities: [...probabilities], hints: face().hints, weak });
  }

  /** Another task has found what is in the way of reading the faces. */
  function doubt() {
    tell("picture", "hints", { hints: faces.map(({ hints }) => hints) });
    tellFace();
  }

  /** Which attribute a face that is new to the page opens on; what was followed goes on. */
  function opening(now) {
    const { rows } = network.about.board;
    const before = rows.find(({ name }) => name === followed);
    return before && !before.judgement ? followed : mostTelling(rows, now.probabilities);
  }

  /** The face that was picked on the moving picture, or the largest. */
  function nearest() {
    if (!near) return 0;
    const away = ({ box }) => Math.hypot(box.x + box.w / 2 - near[0] * photo.width, box.y + box.h / 2 - near[1] * photo.height);
    return faces.reduce((best, each, i) => (away(each) < away(faces[best]) ? i : best), 0);
  }

  function tellMap(kind, { values, count, height, width, passes }, milliseconds, task = "") {
    tell("heatmap", kind, { task, count, height, width, passes, milliseconds }, [values]);
  }

  function tellChoice() {
    tell("heatmap", "chosen", { name: choice });
    tell("board", "chosen", { name: choice });
  }

  const reading = () => ({ face: face(), answer: answer(), names: network.names, rows: network.about.board.rows, origin: network.about.origin });

  function drop() {
    if (kept && !faces.includes(kept.face)) kept.face.crop.data.fill(0);
    kept = null;
  }

  async function setBeside() {
    if (picked === null) return;
    if (!kept) {
      tell("compare", "offer");
      return;
    }
    const now = reading();
    const pictures = await Promise.all([kept, now].map((each) => jpeg(each.face.crop)));
    if (kept.face === now.face && kept.answer === now.answer) {
      tell("compare", "kept", {}, [pictures[0]]);
      return;
    }
    const rows = moves(kept, now);
    const ordinary = rows.filter(({ judgement }) => !judgement).map(({ before, after }) => Math.abs(after - before));
    tell("compare", "pair", {
      rows, note: site.words.judgements_note, networks: [kept.origin, now.origin],
      moved: ordinary.length ? ordinary.reduce((a, b) => a + b, 0) / ordinary.length : null,
    }, pictures);
  }

  async function allLayers() {
    layers ??= await network.layers(face().crop);
    return layers;
  }

  const on = {
    intake: {
      async photo({ name }, [data]) {
        const start = performance.now();
        const read = await decoded(data, name || "The photo");
        leave();
        photo = read;
        stages.photo = performance.now() - start;
        say("Looking for faces…");
        faces = await timed("faces", () => finder.find(photo));
        await show(nearest());
      },
      async example({ number }) {
        const names = store.examples;
        const path = names[((number || 1) - 1) % names.length];
        await on.intake.photo({ name: path.split("/").at(-1) }, [await store.bytes(path)]);
      },
      async search({ how, box }) {
        if (!photo) return;
        say("Looking for faces…");
        const found = await timed("faces", () => finder.search(photo, faces, how, box));
        if (!found) {
          say(...inVain(how, faces));
          return;
        }
        if (found.pixels !== photo) photo.data.fill(0);
        [photo, faces] = [found.pixels, found.faces];
        await show(found.first, inVain(how, [])[0]);
      },
      clear() {
        drop();
        leave();
        say("", "empty");
      },
    },
    camera: {
      async photo(message, buffers) {
        near = message.near ?? null;
        await on.intake.photo(message, buffers);
      },
      choose({ name }) {
        if (network.names.includes(name)) followed = name;
        choose(name);
      },
      back() {
        leave();
        say("", "empty");
      },
      clear: () => on.intake.clear(),
    },
    picture: {
      async pick({ index }) {
        if (!(index in answers)) return;
        await turnTo(index);
        turn = undefined;
        sayFound(`you see face ${index + 1}`);
      },
    },
    board: {
      choose({ name }) { choose(name); },
      async whiskers(message) {
        if (picked === null || message.key !== key()) return;
        const found = await whiskers(network, face(), answer(), photo, site.whiskers);
        if (picked !== null && message.key === key()) spreads[message.key] = found;
        tell("board", "whiskers", { key: message.key, ...found });
      },
      cost({ ratio }) {
        const found = network.about.costs[ratio];
        if (found) tell("board", "costs", { ratio, ...found });
      },
      async report(wish) {
        if (picked === null) return;
        const check = network.about.heatmap.first === "occlusion" ? covering?.evidence : null;
        const file = await takeHome(wish, {
          site, network, photo, faces, index: picked, answer: answer(), spread: spreads[key()], lut, heat: check ?? answer().maps,
          way: check ? "occlusion" : "map", chosen: chosen ? choice : null, further: panels.further(),
        });
        tell("board", "file", { name: file.name, type: file.type }, [file.data]);
      },
    },
    heatmap: {
      choose({ name }) { choose(name); },
      async ask({ way, task = "" }) {
        const asked = task ? panels.of(task) : covering;
        if (picked === null || !asked) return;
        if (way === "occlusion") {
          await cover(asked, task);
          return;
        }
        const start = performance.now();
        const found = await finer(task ? asked.network : network, face().crop, site.occlusion.TIMES[way]);
        tellMap(way, found, performance.now() - start, task);
      },
      async points() {
        if (picked === null || !site.tasks.keypoints) return;
        points ??= await openPoints(store, site.tasks.keypoints.folder);
        tell("heatmap", "points", await points(face().crop));
      },
    },
    classes: {
      async ask(message, _, task) {
        const wanted = () => picked !== null && message.key === key();
        if (wanted()) await panels.ask(task, message.key, { face: face(), own: network, ownAnswer: answer(), still: wanted });
      },
    },
    boxes: {
      async ask(message, _, task) {
        const wanted = () => photo !== null && message.key === key();
        if (wanted() && await panels.look(task, message.key, { photo, faces, face: face() ?? null, still: wanted })) doubt();
      },
    },
    compare: {
      async keep() {
        if (picked === null) return;
        drop();
        kept = reading();
        tell("compare", "kept", {}, [await jpeg(kept.face.crop)]);
      },
      async drop() {
        drop();
        await setBeside();
      },
      async exchange({ region }) {
        if (picked === null || !kept || !REGIONS.includes(region)) return;
        const mask = (await masks())[REGIONS.indexOf(region)];
        const crop = exchanged(face().crop, kept.face.crop, region, mask, site.exchange);
        const [after] = await network.predict([crop]);
        tell("compare", "exchanged", {
          region, text: site.words.exchanged[region], note: site.words.judgements_note, rows: moves(reading(), { ...reading(), answer: after }),
        }, [await jpeg(crop)]);
      },
    },
    inside: {
      async ask({ name }) {
        if (picked === null) return;
        const layer = (await allLayers()).find((each) => each.name === name);
        if (layer) tell("inside", "layer", ...await layerOf(layer, lut));
      },
    },
    steps: {
      async ask({ channel }) {
        if (picked === null || !network.about.steps.able) return;
        const found = await stepsOf(face().crop, await allLayers(), network.about.steps.stem, network.filters, lut, channel ?? null);
        if (found) tell("steps", "steps", ...found);
        else tell("steps", "offer", { able: false });
      },
    },
    network: {
      async choose({ name }) {
        try {
          if (name !== network.name) await use(name);
        } finally {
          tell("network", "settled");
        }
      },
      async card() {
        tell("network", "card", { html: await store.text(`networks/${network.name}/card.html`) });
      },
    },
  };

  function choose(name) {
    if (picked === null || !network.names.includes(name)) return;
    [choice, chosen] = [name, true];
    tellChoice();
  }

  /** Cover the next places, for one slice. */
  async function cover(now, task) {
    const start = performance.now();
    while (!now.check.complete && performance.now() - start < SLICE) await now.check.step();
    now.milliseconds += performance.now() - start;
    if (!now.check.complete) {
      tell("heatmap", "covering", { task, ...now.check.progress });
      return;
    }
    now.evidence ??= now.check.evidence();
    tellMap("occlusion", now.evidence, now.milliseconds, task);
  }

  /** Let the network `name` answer, for the face that is on the page too. */
  async function use(name) {
    network = await networks(name);
    introduce();
    if (picked === null) return;
    answers = await timed("network", () => network.predict(faces.map(({ crop }) => crop), { maps: true }));
    await turnTo(picked, { anew: false });
  }

  return {
    use,
    get network() { return network; },
    /** Answer a message of a view. */
    async hear(view, message, buffers) {
      if (view === entrance) turn = message.turn;
      try {
        const [kind, task] = view.split(":");
        await on[kind]?.[message.kind]?.(message, buffers, task);
      } catch (error) {
        const text = sentenceOf(error);
        if (view === entrance) say(text, "error");
        else tell(view, "error", { text, wish: message.way ?? message.kind, task: message.task ?? "" });
      }
    },
  };
}
