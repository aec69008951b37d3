import { kindAt, letterOf, meaningOf, summary } from "./kinds.js";
import { element, listen, pictures, probabilityText, two, watchNear } from "./shared.js";

const HIGH = 0.1; // of the photo's height: above such a box a letter would be cut off
const NARROW = 28; // px on the page; such a box has a smaller letter
const FEW = 30; // faces, of which a share is hardly more than a guess
const percent = (share) => `${(100 * share).toFixed(3)}%`;
const TOUCHED = matchMedia("(pointer: coarse)").matches;

function render({ model, el, signal }) {
  const shelf = pictures();
  const heading = element("h2");
  const sentence = element("p", { className: "sentence", ariaLive: "polite" });
  const image = element("img", { alt: "Your photo" });
  const group = element("div", { className: "found", role: "group", ariaLabel: "Boxes" });
  const frame = element("div", { className: "frame" }, image, group);
  const chosen = element("p", { className: "small chosen", ariaLive: "polite" });
  const slider = element("input", { type: "range", max: "0.95", step: "0.01" });
  const value = element("output");
  const reset = element("button", { type: "button" }, "Reset");
  const threshold = element("div", { className: "threshold" },
    element("label", {}, element("span", {}, "Draw boxes from confidence ", value), slider), reset);
  const table = element("table");
  const unknown = element("p", { className: "small" }, "What a threshold means was not measured for this network.");
  const caution = element("p", { className: "small caution" });
  const note = element("p", { className: "small" });
  const shown = element("div", { className: "shown", hidden: true }, frame, chosen, threshold, table, unknown);
  const body = element("section", { className: "card filled", hidden: true }, heading, sentence, shown, caution, note);
  el.classList.add("facelens", "boxes");
  el.append(body);

  let wanted = null; // the photo that has to be asked about, by its key
  let near = false;
  let photo = null;
  let own = null; // the threshold that the visitor has chosen, which the next photo keeps
  let picked = null;

  function ask() {
    if (!wanted || !near) return;
    model.send({ kind: "ask", key: wanted });
    wanted = null;
  }
  watchNear(body, signal, (is) => {
    near = is;
    ask();
  });

  const tag = (index, verdict) => {
    const { plate, ink } = kindAt(index);
    const node = element("b", { className: "tag", ariaHidden: "true" }, letterOf(photo.kinds[index], verdict));
    Object.assign(node.style, { background: plate, color: ink });
    return node;
  };

  function drawBoxes(drawn) {
    const had = group.contains(document.activeElement);
    group.replaceChildren(...drawn.map((each, i) => {
      const { box: [x, y, w, h], kind, verdict } = each;
      const node = element("button", {
        type: "button", className: y < HIGH ? "box high" : "box", ariaPressed: String(each === picked),
        ariaLabel: `Face ${i + 1}: ${photo.kinds[kind].label}${verdict === "doubtful" ? ", doubtful" : ""}`,
        dataset: { kind },
      }, tag(kind, verdict));
      Object.assign(node.style, {
        left: percent(x), top: percent(y), width: percent(w), height: percent(h),
        borderColor: kindAt(kind).line, borderStyle: kindAt(kind).dash.length ? "dashed" : "solid",
      });
      node.onclick = () => {
        picked = each;
        for (const other of group.children) other.ariaPressed = String(other === node);
        tellPicked(drawn);
      };
      return node;
    }));
    if (had) (group.querySelector('[aria-pressed="true"]') ?? slider).focus({ preventScroll: true });
    fit();
  }

  /** Letters become smaller where boxes are. */
  function fit() {
    const { width } = frame.getBoundingClientRect();
    [...group.children].forEach((node) => {
      node.classList.toggle("narrow", (parseFloat(node.style.width) / 100) * width < NARROW);
    });
  }
  const sized = new ResizeObserver(fit);
  sized.observe(frame);
  signal.addEventListener("abort", () => sized.disconnect());

  function tellPicked(drawn) {
    if (!drawn.includes(picked)) picked = drawn.length === 1 ? drawn[0] : null;
    if (!picked) {
      chosen.textContent = drawn.length ? `${TOUCHED ? "Tap" : "Click"} a box to read it.` : "";
      return;
    }
    const values = photo.kinds.map(({ label }, i) => `${label} ${probabilityText(picked.values[i])}`);
    chosen.textContent = `${drawn.length > 1 ? `Face ${drawn.indexOf(picked) + 1}: ` : ""}${picked.sentence} ${values.join(", ")}.`
      + ` Confidence that a face is there: ${probabilityText(picked.score)}.`;
  }

  const share = (found, otherwise) => (found
    ? element("td", {}, String(found[0]), element("small", {}, `${found[1]} to ${found[2]}`))
    : element("td", {}, element("small", {}, otherwise)));

  function drawMeaning(at) {
    const { curves, kinds } = photo;
    unknown.hidden = Boolean(curves);
    table.hidden = !curves;
    if (!curves) return;
    const head = ["Box", "Of 100 drawn, right", "Of 100 there, found", "Measured on"];
    table.replaceChildren(
      element("caption", { className: "small" },
        `What ${two(at)} means, measured on ${curves.photos} photos that it has not learnt from. Below each number its 95 % interval.`),
      element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, ...kinds.map(({ label }, i) => {
        const { right, found, count } = meaningOf(curves, i, at);
        return element("tr", {},
          element("th", { scope: "row" }, tag(i), ` ${label}`),
          share(right, "none drawn"), share(found, "none there"),
          element("td", {}, `${count} ${count === 1 ? "face" : "faces"}`, ...(count < FEW ? [element("small", {}, "few: a guess")] : [])));
      })));
  }

  function paint() {
    const at = slider.valueAsNumber;
    const drawn = photo.boxes.filter(({ score }) => score >= at);
    value.textContent = slider.ariaValueText = two(at);
    reset.disabled = at === photo.threshold;
    sentence.textContent = summary(drawn, photo.kinds);
    tellPicked(drawn);
    drawBoxes(drawn);
    drawMeaning(at);
  }
  slider.oninput = () => {
    own = slider.valueAsNumber;
    paint();
  };
  reset.onclick = () => {
    own = null;
    slider.value = photo.threshold;
    paint();
    slider.focus({ preventScroll: true });
  };

  function forget() {
    wanted = photo = picked = null;
    shelf.free();
    image.removeAttribute("src");
    group.replaceChildren();
    table.replaceChildren();
    sentence.textContent = chosen.textContent = "";
    shown.hidden = body.hidden = true;
  }

  const silence = listen(model, el, {
    offer(message) {
      wanted = message.key;
      heading.textContent = message.title;
      caution.textContent = message.caution;
      caution.hidden = !message.caution;
      body.ariaBusy = "true";
      body.hidden = false;
      if (!photo) sentence.textContent = "Asking another network…";
      // Not before what is above has been painted.
      requestAnimationFrame(() => setTimeout(ask));
    },
    boxes(message, [buffer]) {
      photo = message;
      picked = null;
      shelf.free();
      image.src = shelf.url(buffer, "image/jpeg");
      frame.style.aspectRatio = `${message.width} / ${message.height}`;
      frame.style.setProperty("--shape", message.width / message.height);
      slider.min = message.least;
      slider.value = own ?? message.threshold;
      note.textContent = `By another network, ${message.model}, which sees the whole photo and finds the faces itself.`;
      body.ariaBusy = "false";
      shown.hidden = false;
      paint();
    },
    error() {
      body.ariaBusy = "false";
      if (!photo) sentence.textContent = "";
    },
    clear: forget,
  });
  return () => {
    silence();
    shelf.free();
  };
}

export default { render };
