import { curvesOf } from "./curves.js";
import { guessFirst } from "./guess.js";
import { download, takeHome } from "./home.js";
import { invitation } from "./invite.js";
import { legend } from "./legend.js";
import { settingsIn, shareLink } from "./link.js";
import { FIRST, ordered, SORTS } from "./order.js";
import { buildRow, paintRow } from "./row.js";
import { element, hearChosen, listen, tellChosen } from "./shared.js";
import { sentence, verdict } from "./verdicts.js";
import { howComputed, whatIf } from "./whatif.js";
import { whiskersOf } from "./whiskers.js";

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
  const guess = guessFirst({ el, mark: said });
  const tools = element("div", { className: "tools" }, sort, search, explain, guess.button, reset);
  const how = howComputed();
  const ifs = whatIf({
    common(rateOf) {
      for (const row of rows) row.common = row.base === null ? null : rateOf(row.base);
      rows.forEach(paint);
    },
    cost: (ratio) => model.send({ kind: "cost", ratio }),
  });
  const home = takeHome({ report, address });
  const lists = element("div", { className: "lists" });
  const more = element("button", { type: "button", className: "all" });
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
    guess.panel,
    element("div", { className: "card said" }, answer, doubts),
    element("div", { className: "answers" },
      element("div", { className: "controls" },
        element("span", { className: "small" }, "Thresholds for all rows:"), presets),
      about, element("div", { className: "folded small" }, how.box, ifs.box),
      tools, guess.note, skip, lists, nothing, more, legend(), fold, home.line),
  );
  const { box: empty, invite } = invitation(el);
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
  let all = false; // rows are shown, not only the most telling
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
    unfold: (row) => activate(row),
    common(row, rate) {
      row.common = rate;
      paint(row);
    },
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

  /** Open `row`; the page itself opens one in `brief`, with its meaning alone. */
  function activate(row, brief = false) {
    row.item.classList.toggle("brief", brief);
    if (active === row) return;
    // The row that closes above must not move this one away from under a finger.
    const before = row.item.getBoundingClientRect().top;
    active?.item.classList.remove("active");
    active = row;
    row.item.classList.add("active");
    if (brief) return;
    const moved = row.item.getBoundingClientRect().top - before;
    if (moved) window.scrollBy({ top: moved, behavior: "instant" });
  }

  /** Note what the visitor says: that a yes or no was right or not, or of a doubt what is so. */
  function mark(row, yes) {
    if (!face) return;
    const said = marksOf(face.key);
    const so = row.verdict === "no" ? !yes : yes;
    if (said.get(row.name) === so) said.delete(row.name);
    else said.set(row.name, so);
    paint(row);
  }

  /** Note what is so, as the visitor says after a guess. */
  function said(name, so) {
    marksOf(face.key).set(name, so);
    paint(rows.find((row) => row.name === name));
  }

  // Between another network and its answer there is no face, though the rows before still stand there.
  const paint = (row) => { if (face) paintRow(row, network, face, marksOf(face.key).get(row.name)); };

  function paintSummary() {
    if (!face) return;
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
    ifs.tell(rows);
  }

  function paintAll() {
    rows.forEach(paint);
    paintSummary();
    arrange();
  }

  function arrange() {
    if (!face) return;
    const { words, plain, rest, judged, foldable } = ordered(
      rows, face, { sort: sort.value, search: search.value, all });
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
    }), element("ol", { hidden: true }, ...rest.map((row) => row.item)));
    more.hidden = !foldable;
    more.ariaExpanded = String(all);
    more.textContent = all ? `Show the ${FIRST} most telling` : `Show all ${plain.length + rest.length} rows`;
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
    if (!face) return;
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
    const { cost, common, rateOf } = ifs.chosen;
    const single = own.map((row) => `${row.name}:${row.threshold.toFixed(2)}`);
    const rates = rows.filter((row) => row.common !== null && row.common !== rateOf(row.base))
      .map((row) => `${row.name}:${row.common}`);
    // The thresholds that cost least follow from the cost.
    const thresholds = cost ? "" : [point.name, ...single].join(",");
    const query = { thresholds, sort: sort.value, network: network.address, cost, common, rates: rates.join(",") };
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
  more.onclick = () => {
    all = !all;
    arrange();
  };
  search.oninput = arrange;
  explain.onclick = () => {
    const all = explain.ariaPressed !== "true";
    explain.ariaPressed = String(all);
    el.classList.toggle("explained", all);
  };
  reset.onclick = () => {
    setPoint(network.points[0].name);
    sort.value = SORTS[0][0];
    all = false;
    ifs.reset();
    for (const row of rows) row.common = null;
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
      const kept = rows.map(({ threshold, common }) => ({ threshold, common }));
      rows = network.rows.map(rowOf);
      rows.forEach((row, i) => { Object.assign(row, kept[i]); });
    }
    marked.clear();
    guess.forget();
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
      presets.replaceChildren(...network.points.map((point) => {
        const button = element("button", { type: "button", title: point.about }, point.title);
        button.onclick = () => {
          setPoint(point.name);
          paintAll();
        };
        return button;
      }));
      foldNote.textContent = network.judgements.note;
      how.tell(network);
      ifs.offer(network);
      ifs.set(wanted);
      for (const row of rows) row.common = wanted.rates?.get(row.name) ?? row.common;
      wanted = {};
    },
    face(message) {
      if (!network) return;
      const same = face?.key === message.key; // of which more is known
      face = message;
      answer.ariaLive = "polite";
      el.classList.remove("stale");
      empty.hidden = true;
      filled.hidden = false;
      paintAll();
      if (same) return;
      whiskers.turn(rows, face.key);
      guess.meet(network.guesses.map((name) => rows.find((row) => row.name === name)));
    },
    whiskers(message) {
      if (face?.key === message.key) whiskers.draw(rows, message);
    },
    costs(message) {
      rows.forEach((row, i) => { row.threshold = message.thresholds[i]; });
      ifs.hear(message);
      paintAll();
    },
    chosen(message) {
      markChosen(message);
      const row = rows.find((each) => each.name === message.name);
      // What the page has opened itself goes with its face.
      if (row && (!active || active.item.classList.contains("brief"))) activate(row, true);
    },
    file({ name, type }, [buffer]) { download(buffer, name, type); },
    clear: forget,
  });
}

export default { render };
