// `facelens.ui.classes` and `facelens.ui.panel`: what the networks of other tasks say of the face on the page.
import { openBoxes } from "./boxes.js";
import { occlusion, openClassifier, sigmoids, softmax } from "./network.js";
import { jpeg } from "./pictures.js";

/** The most probable answer and the next, as NumPy's stable sort turned round has them. */
function best(probabilities) {
  const order = Array.from(probabilities, (_, i) => i);
  return order.sort((a, b) => probabilities[b] - probabilities[a] || b - a);
}

/** What a softmax would make of the page's own answers, each a sigmoid. */
function beside({ scaled, names, about }, { logits, probabilities }) {
  const values = scaled(logits);
  const shares = softmax(values);
  const { rows } = about.board;
  const ordinary = names.map((_, i) => i).filter((i) => !rows[i].judgement);
  const most = ordinary.reduce((a, b) => (a === null || values[b] > values[a] ? b : a), null);
  return {
    count: names.length,
    sum: probabilities.reduce((total, value) => total + value, 0),
    most: most === null ? null : { label: rows[most].label, probability: probabilities[most], share: shares[most] },
  };
}

const LONGEST = 1120;

/** The tasks of the page that have a panel; their networks open when a panel is in sight. */
export function openPanels({ store, tell, tellMap }) {
  const tasks = Object.entries(store.site.tasks).filter(([, { panel }]) => panel);
  const opened = new Map();
  let answers = new Map(); // about the face on the page, by task
  const found = new Map(); // in the photo on the page, by task
  const isOfPhoto = ({ view }) => view === "boxes";

  const networkOf = (task) => {
    if (!opened.has(task)) {
      const { folder, panel } = store.site.tasks[task];
      opened.set(task, (isOfPhoto(panel) ? openBoxes : openClassifier)(store, folder).catch((error) => {
        opened.delete(task); // the next wish tries again
        throw error;
      }));
    }
    return opened.get(task);
  };

  function wordsOf({ about, names, scaled }, { logits, probabilities }, face, own, ownAnswer) {
    const { said, labels } = about;
    const [first, second] = best(probabilities);
    const doubtful = probabilities[first] < said.sure || (said.hints && face.hints.length > 0);
    const verdict = doubtful && "doubtful" in said.sentences ? "doubtful" : Object.keys(said.sentences).find((each) => each !== "doubtful");
    const rows = labels.map((label, i) => ({
      label, value: probabilities[i], verdict: (i === first && verdict) || null, text: i === first ? said.texts[verdict] : "",
      name: about.has_maps ? names[i] : null,
    }));
    const scores = about.activation === "softmax" ? {
      labels, logits: [...logits], temperature: about.temperature[0], softmax: [...probabilities], sigmoid: [...sigmoids(scaled(logits))],
      board: beside(own, ownAnswer),
    } : null;
    return { model: about.model, sentence: said.sentences[verdict][first][second], rows, ...(scores ? { scores } : {}) };
  }

  /** Keep what is said of the face on the page; whether something is known to cover one of `faces`. */
  function take(task, { network, boxes }, { faces, face }) {
    const mine = face && network.of(face, boxes);
    if (mine) {
      const { kind, verdict, values } = mine.told;
      const rows = network.about.kinds.map(({ label }, i) => (
        { label, value: values[i], verdict: i === kind ? verdict : null, text: i === kind ? verdict : "" }));
      answers.set(task, { network, words: { model: network.about.model, sentence: mine.words, rows } });
    }
    return network.cover(faces, boxes);
  }

  return {
    /** Offer the face called `key`, one of `faces` of the photo, to every panel; without one the photo alone.
     * Whether something that is known already covers a face.
     */
    offer(key, { photo, faces, face }) {
      answers = new Map();
      let covered = false;
      for (const [task, { panel: { view, ...panel } }] of tasks) {
        const before = found.get(task);
        if (before?.photo === photo) covered = take(task, before, { faces, face }) || covered;
        else if (face || isOfPhoto({ view })) tell(`${view}:${task}`, "offer", { key, ...panel });
        else tell(`${view}:${task}`, "clear");
      }
      return covered;
    },
    clear() {
      answers = new Map();
      found.clear();
      for (const [task, { panel }] of tasks) tell(`${panel.view}:${task}`, "clear");
    },
    /** Answer a panel about the photo on the page; whether something covers a face of it. */
    async look(task, key, { photo, faces, face, still }) {
      const network = await networkOf(task);
      const boxes = await network.find(photo);
      const picture = await jpeg(photo, { longest: LONGEST, quality: 0.88 });
      if (!still()) return false;
      const { about: { model, kinds, threshold, least, curves } } = network;
      tell(`boxes:${task}`, "boxes", {
        key, model, width: photo.width, height: photo.height, boxes: boxes.map(({ told }) => told), kinds, threshold, least, curves,
      }, [picture]);
      const now = { photo, network, boxes };
      found.set(task, now);
      return take(task, now, { faces, face });
    },
    /** Answer a panel about the face on the page; `still` says whether that is the one it asked about. */
    async ask(task, key, { face, own, ownAnswer, still }) {
      const network = await networkOf(task);
      const start = performance.now();
      const [answer] = await network.predict([face.crop], { maps: network.about.has_maps });
      const spent = performance.now() - start;
      if (!still()) return;
      const words = wordsOf(network, answer, face, own, ownAnswer);
      tell(`classes:${task}`, "words", { key, ...words });
      answers.set(task, { network, answer, words, check: occlusion(network, face.crop, store.site.occlusion), milliseconds: 0 });
      if (!answer.maps) return;
      const { about } = network;
      tell("heatmap", "other", {
        task, title: about.title, first: about.first, area: about.area, activation: about.activation,
        attributes: about.names.map((name, i) => ({
          name, label: about.labels[i], judgement: false, logit: answer.logits[i], probability: answer.probabilities[i],
          constant: about.bias[i], temperature: about.temperature[i],
        })),
      });
      tellMap("map", { ...answer.maps, passes: 1 }, spent, task);
    },
    /** What is asked again for the maps of a task; null if it has not answered. */
    of: (task) => (answers.get(task)?.check ? answers.get(task) : null),
    /** What the panels that were in sight say, for a report. */
    further: () => [...answers].map(([task, { network, words }]) => ({
      task, title: network.about.title, model: words.model, sentence: words.sentence, caution: network.about.caution,
      words: words.rows.map(({ label, value, verdict, text }) => ({ label, value, verdict, text })),
    })),
  };
}
