import { curvesOf } from "./curves.js";
import { OF_A_PHOTO } from "./happens.js";
import { download, takeHome } from "./home.js";
import { settingsIn, shareLink } from "./link.js";
import { buildRow, paintRow } from "./row.js";
import { element, hearChosen, listen, tellChosen } from "./shared.js";
import { sentence, verdict } from "./verdicts.js";
import { whiskersOf } from "./whiskers.js";

const SORTS = [
  ["group", "In groups"],
  ["likely", "Most likely first"],
  ["doubt", "Doubtful first"],
  ["name", "A to Z"],
];
const DOUBT_ORDER = { doubtful: 0, yes: 1, no: 2 };
const SPELLINGS = [["grey", "gray"], ["moustache", "mustache"], ["make up", "make-up"]];
const OF_A_CAMERA = [
  "What happens to the camera's picture here",
  "The picture goes to the network frame by frame, each as soon as the one before is answered.",
  "Every face in it is found and followed, so that a person keeps a number.",
  "The network says how likely each attribute is; thresholds turn that into yes or no, here and beside the face.",
  "A snapshot can be looked at closely: where the network looked, and what its layers made of it.",
];

function render({ model, el, signal }) {
  el.classList.add("facelens", "board");

  const answer = element("p", { className: "sentence", ariaLive: "polite" });
  const doubts = element("p", { className: "small", hidden: true });
  const presets = element("div", { className: "presets", role: "group", ariaLabel: "Thresholds for all rows" });
  const about = element("small", { className: "about" });
  const sort = element(
    "select",
    { ariaLabel: "Order of the rows" },
    ...SORTS.map(([value, text]) => element("option", { value }, text)),
  );
  const search = element("input", { type: "search", placeholder: "Find a row", ariaLabel: "Find a row" });
  const explain = element("button", { type: "button", ariaPressed: "false" }, "Explain every row");
  const reset = element("button", { type: "button" }, "Reset");
  const tools = element("div", { className: "tools" }, sort, search, explain, reset);
  const home = takeHome({ report, address });
  const lists = element("div", { className: "lists" });
  const nothing = element("p", { className: "small", hidden: true }, "No row is called that.");
  const foldTitle = element("summary");
  const foldNote = element("p", { className: "small" });
  const foldList = element("ol");
  const fold = element("details", { className: "judgements" }, foldTitle, foldNote, foldList);
  const skip = element("button", { type: "button", className: "skip" }, "Past the rows");
  const filled = element(
    "div",
    { className: "filled", hidden: true },
    element("h2", { className: "unseen" }, "What the network answers"),
    element("div", { className: "card" }, answer, doubts),
    element("div", { className: "controls" },
      element("span", { className: "small" }, "Thresholds for all rows:"), presets),
    about, tools, skip, lists, nothing, fold, home.line,
  );
  const emptyTitle = element("h2");
  const emptyList = element("ol");
  const empty = element("div", { className: "empty card" }, emptyTitle, emptyList);
  const invite = () => {
    const [first, ...steps] = el.closest(".facelens-moving") ? OF_A_CAMERA : OF_A_PHOTO;
    emptyTitle.textContent = first;
    emptyList.replaceChildren(...steps.map((step) => element("li", {}, step)));
  };
  invite();
  el.append(empty, filled);

  let network = null;
  let face = null;
  let rows = [];
  let active = null;

  // What the visitor says of the answers, face by face: in this page and in a report, nowhere else.
  const marked = new Map();
  const marksOf = (key) => {
    if (!marked.has(key)) marked.set(key, new Map());
    return marked.get(key);
  };
  // Groups that the visitor has folded.
  const folded = new Set();
  let wanted = settingsIn(new URLSearchParams(document.body.dataset.voila ? location.search : ""));
  const current = () => network.points.find((point) => rows.every(
    (row) => point.thresholds[row.index] === row.threshold));

  const whiskers = whiskersOf((key) => model.send({ kind: "whiskers", key }));
  const pointNamed = (name) => network.points.find((point) => point.name === name);

  const rowOf = (description, index) => buildRow(description, index, network, {
    move(row, threshold) {
      row.threshold = threshold;
      activate(row);
      paint(row);
      paintSummary();
    },
    mark,
    choose(row) {
      activate(row);
      markChosen({ name: row.name });
      tellChosen(el, row.name);
      model.send({ kind: "choose", name: row.name });
    },
    // On a phone the map is far below the rows; beside them it is in sight already.
    show: () => el.closest(".facelens-page")?.querySelector(".looks")
      ?.scrollIntoView({ block: "start", behavior: "smooth" }),
  });

  function activate(row) {
    if (active === row) return;
    // The row that closes above must not move this one away from under a finger.
    const before = row.item.getBoundingClientRect().top;
    active?.item.classList.remove("active");
    active = row;
    row.item.classList.add("active");
    const moved = row.item.getBoundingClientRect().top - before;
    if (moved) window.scrollBy({ top: moved, behavior: "instant" });
  }

  /** Note what the visitor says: that a yes or no was right or not, or of a doubt what is so. */
  function mark(row, yes) {
    const said = marksOf(face.key);
    const so = row.verdict === "no" ? !yes : yes;
    if (said.get(row.name) === so) said.delete(row.name);
    else said.set(row.name, so);
    paint(row);
  }

  const paint = (row) => paintRow(row, network, face, marksOf(face.key).get(row.name));

  function paintSummary() {
    home.forget(); // what was copied, or stands there to be copied, is of the settings before
    answer.textContent = sentence(
      rows, face, rows.map((row) => row.verdict), rows.map((row) => row.threshold));
    doubts.textContent = "So every answer here is marked doubtful.";
    doubts.hidden = face.hints.length === 0;
    const point = current();
    [...presets.children].forEach((button, i) => {
      button.ariaPressed = String(network.points[i] === point);
    });
    about.textContent = point ? point.about : "Your own thresholds.";
    about.append(" Drag the handle on a bar to move its threshold. Where a bar ends in the hatched"
      + " part, the answer is too close to call. The thin line below a bar shows how far the"
      + " answer moves when the picture is shifted, scaled, lit or mirrored a little.");
  }

  function paintAll() {
    rows.forEach(paint);
    paintSummary();
    arrange();
  }

  function arrange() {
    const words = SPELLINGS.reduce((text, [from, to]) => text.replaceAll(from, to),
      search.value.trim().toLowerCase());
    const fits = (row) => `${row.label.textContent} ${row.name}`.toLowerCase().includes(words);
    const p = (row) => face.probabilities[row.index];
    const orders = {
      group: () => 0,
      likely: (a, b) => p(b) - p(a),
      doubt: (a, b) => DOUBT_ORDER[a.verdict] - DOUBT_ORDER[b.verdict] || p(b) - p(a),
      name: (a, b) => a.label.textContent.localeCompare(b.label.textContent),
    };
    const order = orders[sort.value];
    const plain = rows.filter((row) => !row.judgement && fits(row)).sort(order);
    const judged = rows.filter((row) => row.judgement && fits(row)).sort(order);
    const sections = sort.value === "group"
      ? network.groups
        .map(([group, title]) => [title, plain.filter((row) => row.group === group)])
        .filter(([, members]) => members.length)
      : plain.length ? [["", plain]] : [];
    const focused = document.activeElement;
    lists.replaceChildren(...sections.map(([title, members]) => {
      const list = element("ol", {}, ...members.map((row) => row.item));
      if (!title) return list;
      const group = element("details", { open: Boolean(words) || !folded.has(title) },
        element("summary", {}, element("h3", {}, title)), list);
      group.ontoggle = () => {
        if (search.value.trim()) return;
        if (group.open) folded.delete(title);
        else folded.add(title);
      };
      return group;
    }));
    foldList.replaceChildren(...judged.map((row) => row.item));
    fold.hidden = judged.length === 0;
    const count = rows.filter((row) => row.judgement).length;
    foldTitle.textContent = `${network.judgements.title} (${words ? `${judged.length} of ${count} fit; open to see` : count})`;
    nothing.hidden = plain.length + judged.length > 0;
    if (el.contains(focused)) focused.focus();
  }

  function setPoint(name) {
    const point = pointNamed(name);
    for (const row of rows) row.threshold = point.thresholds[row.index];
  }

  function report(form) {
    model.send({
      kind: "report",
      form,
      thresholds: Object.fromEntries(rows.map((row) => [row.name, row.threshold])),
      marks: Object.fromEntries(marksOf(face.key)),
      judgements: fold.open,
    });
  }

  /** The preset from which the fewest rows differ, and those rows. */
  function nearest() {
    const others = (point) => rows.filter((row) => row.threshold !== point.thresholds[row.index]);
    const point = network.points.toSorted((a, b) => others(a).length - others(b).length)[0];
    return { point, own: others(point).filter((row) => row.threshold !== null) };
  }

  /** The address of this page with its settings, and nothing of the photo. */
  function address() {
    const { point, own } = nearest();
    const single = own.map((row) => `${row.name}:${row.threshold.toFixed(2)}`);
    const query = { thresholds: [point.name, ...single].join(","), sort: sort.value, network: network.address };
    return shareLink(location.href, query, network.launch);
  }

  function markChosen({ name }) {
    for (const row of rows) {
      row.label.ariaPressed = String(row.name === name);
      row.item.classList.toggle("chosen", row.name === name);
    }
  }

  skip.onclick = () => {
    const next = fold.hidden ? home.first : foldTitle;
    next.focus();
    next.scrollIntoView({ block: "center" });
  };
  sort.onchange = arrange;
  search.oninput = arrange;
  explain.onclick = () => {
    const all = explain.ariaPressed !== "true";
    explain.ariaPressed = String(all);
    el.classList.toggle("explained", all);
  };
  reset.onclick = () => {
    setPoint(network.points[0].name);
    sort.value = "group";
    search.value = "";
    explain.ariaPressed = "false";
    el.classList.remove("explained");
    paintAll();
  };

  function forget() {
    face = null;
    whiskers.drop(rows);
    answer.textContent = doubts.textContent = "";
    lists.replaceChildren();
    foldList.replaceChildren();
    fold.open = false;
    active = null;
    if (network) {
      // New rows hold nothing of the face, only the thresholds.
      const cuts = rows.map((row) => row.threshold);
      rows = network.rows.map(rowOf);
      rows.forEach((row, i) => { row.threshold = cuts[i]; });
    }
    marked.clear();
    home.forget();
    empty.hidden = false;
    filled.hidden = true;
  }

  // For the camera of this page: what a row says of a probability, and a face that changes.
  el.facelens = {
    verdict(name, probability, hinted) {
      const row = rows.find((each) => each.name === name);
      return row ? verdict(probability, row.threshold, row.curves, hinted) : null;
    },
    read(next) {
      if (!next) {
        forget();
        return;
      }
      if (!network) return;
      whiskers.drop(rows);
      const first = face?.key !== next.key;
      face = next;
      answer.ariaLive = "off"; // nobody can listen to what changes three times a second
      empty.hidden = true;
      filled.hidden = false;
      rows.forEach(paint);
      paintSummary();
      if (first) arrange(); // rows that change places cannot be read
    },
    stale(on) { el.classList.toggle("stale", on); },
  };

  hearChosen(el, signal, (name) => markChosen({ name }));
  return listen(model, el, {
    network(message, [curves]) {
      // Another network keeps what the visitor had set: the preset, or thresholds by name.
      let before = wanted;
      if (network) {
        const { point, own } = nearest();
        before = { point: point.name, single: new Map(own.map((row) => [row.name, row.threshold])) };
      }
      network = message;
      network.curves = curvesOf(curves, message.rows.map((row) => row.name), message.columns);
      invite();
      // The face on the page was read by another network; its own answer follows.
      face = null;
      active = null;
      if (el.closest(".facelens-live")) forget(); // nobody may be in sight to be read anew
      rows = network.rows.map(rowOf);
      setPoint((pointNamed(before.point) ?? network.points[0]).name);
      for (const row of rows) {
        const threshold = before.single.get(row.name);
        if (threshold !== undefined) row.threshold = threshold;
      }
      if (SORTS.some(([value]) => value === wanted.sort)) sort.value = wanted.sort;
      wanted = {};
      presets.replaceChildren(...network.points.map((point) => {
        const button = element("button", { type: "button", title: point.about }, point.title);
        button.onclick = () => {
          setPoint(point.name);
          paintAll();
        };
        return button;
      }));
      foldNote.textContent = network.judgements.note;
    },
    face(message) {
      if (!network) return;
      face = message;
      answer.ariaLive = "polite";
      el.classList.remove("stale");
      empty.hidden = true;
      filled.hidden = false;
      paintAll();
      whiskers.turn(rows, face.key);
    },
    whiskers(message) {
      if (face?.key === message.key) whiskers.draw(rows, message);
    },
    chosen(message) {
      markChosen(message);
      const row = rows.find((each) => each.name === message.name);
      if (row && !active) activate(row);
    },
    file({ name, type }, [buffer]) { download(buffer, name, type); },
    clear: forget,
  });
}

export default { render };
