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
var two = (value) => (value < 0 ? "−" : "") + Math.abs(value).toFixed(2);
function probabilityText(probability) {
  const text = probability.toFixed(2);
  return { "1.00": ">0.99", "0.00": "<0.01" }[text] ?? text;
}
function hearChosen(el, signal, hear) {
  hearOnPage("facelens-chosen", el, signal, hear);
}
function tellClass(el, task, name) {
  el.dispatchEvent(new CustomEvent("facelens-class", { bubbles: true, detail: { task, name } }));
}
function hearClass(el, signal, hear) {
  hearOnPage("facelens-class", el, signal, hear);
}
function hearOnPage(event, el, signal, hear) {
  const page = (node) => node.closest(".facelens-page");
  document.addEventListener(event, ({ target, detail }) => {
    if (target !== el && page(target) === page(el)) hear(detail);
  }, { signal });
}
function watchNear(el, signal, tell) {
  const watcher = new IntersectionObserver((entries) => tell(entries.at(-1).isIntersecting), { rootMargin: "200px" });
  watcher.observe(el);
  signal.addEventListener("abort", () => watcher.disconnect());
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

// scores.js
var WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
var inWords = (count) => WORDS[count] ?? String(count);
var sum = (values) => values.reduce((total, value) => total + value, 0);
function softmaxBesideSigmoid({ labels, logits, temperature, softmax, sigmoid, board }) {
  const count = inWords(labels.length);
  const head = ["Answer", "Score", "Softmax", "Sigmoid"].map((text) => element("th", { scope: "col" }, text));
  const row = (label, ...cells) => element(
    "tr",
    {},
    element("th", { scope: "row" }, label),
    ...cells.map((cell) => element("td", {}, cell))
  );
  const table = element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...labels.map((label, i) => row(
      label,
      two(logits[i]),
      probabilityText(softmax[i]),
      probabilityText(sigmoid[i])
    ))),
    element("tfoot", {}, row("Sum", "", two(sum(softmax)), two(sum(sigmoid))))
  );
  const one = `Single label: one answer of ${count}. A softmax raises e to each score (divided by ${two(temperature)}, its calibration) and shares out one whole in these proportions, so the ${count} bars add up to 1, and none can rise unless others fall.`;
  const apart = `A sigmoid asks each score by itself. The same ${count} scores would add up to ${two(sum(sigmoid))}, and nothing would keep two from being yes, or all from being no.`;
  const many = `Multi-label: the ${board.count} rows of the board may be true side by side, so each has a sigmoid of its own. On this face they add up to ${two(board.sum)}, the number of yeses to be expected.` + (board.most ? ` Under one softmax “${board.most.label}”, here ${probabilityText(board.most.probability)}, would keep ${probabilityText(board.most.share)}.` : "");
  return element(
    "details",
    { className: "scores small" },
    element("summary", {}, `Why these ${count} add up to 1 and the ${board.count} rows do not`),
    element("p", {}, one),
    table,
    element("p", {}, apart),
    element("p", {}, many)
  );
}

// classes.js
function render({ model, el, signal }) {
  const heading = element("h2");
  const sentence = element("p", { className: "sentence", ariaLive: "polite" });
  const hint = element("p", { className: "small", hidden: true }, "Choose a row to see where the network looks for it.");
  const show = element("button", { type: "button", className: "show", hidden: true }, "Show its map");
  show.onclick = () => el.closest(".facelens-page")?.querySelector(".heatmap")?.scrollIntoView({ block: "start", behavior: "smooth" });
  const list = element("ol");
  const note = element("p", { className: "small" });
  const caution = element("p", { className: "small caution" });
  const scores = element("div");
  const body = element(
    "section",
    { className: "card filled", hidden: true },
    heading,
    sentence,
    list,
    hint,
    show,
    caution,
    scores,
    note
  );
  el.classList.add("facelens", "classes");
  el.append(body);
  let task = "";
  let wanted = null;
  let near = false;
  let open = false;
  function ask() {
    if (!wanted || !near) return;
    model.send({ kind: "ask", key: wanted });
    wanted = null;
  }
  const askSoon = () => requestAnimationFrame(() => setTimeout(ask));
  watchNear(body, signal, (is) => {
    near = is;
    ask();
  });
  const press = (name) => {
    for (const each of list.querySelectorAll("button")) each.ariaPressed = String(each.dataset.name === name);
    show.hidden = !name;
  };
  function row({ label, value, verdict, text, name }) {
    const fill = element("div", { className: "fill" });
    fill.style.width = `${100 * value}%`;
    const cells = [
      element("span", {}, label),
      element("span", { className: "bar", ariaHidden: "true" }, fill),
      element("span", { className: "value" }, probabilityText(value)),
      element("span", { className: "small" }, text)
    ];
    const data = { dataset: { verdict: verdict ?? "" } };
    if (!name) return element("li", data, element("div", { className: "row" }, ...cells));
    const button = element("button", { type: "button", className: "row", ariaPressed: "false", dataset: { name } }, ...cells);
    button.onclick = () => {
      press(name);
      tellClass(el, task, name);
    };
    return element("li", data, button);
  }
  hearChosen(el, signal, () => press(null));
  hearClass(el, signal, (other) => press(other.task === task ? other.name : null));
  return listen(model, el, {
    offer(message) {
      task = message.task;
      wanted = message.key;
      heading.textContent = message.title;
      caution.textContent = message.caution;
      caution.hidden = !message.caution;
      body.ariaBusy = "true";
      body.hidden = false;
      press(null);
      if (!list.children.length) sentence.textContent = "Asking another network…";
      sentence.hidden = !sentence.textContent;
      askSoon();
    },
    words(message) {
      body.ariaBusy = "false";
      sentence.textContent = message.sentence;
      sentence.hidden = !message.sentence;
      list.replaceChildren(...message.rows.map(row));
      hint.hidden = !message.rows.some((each) => each.name);
      scores.replaceChildren();
      if (message.scores) {
        const fold = softmaxBesideSigmoid(message.scores);
        fold.open = open;
        fold.ontoggle = () => {
          open = fold.open;
        };
        scores.append(fold);
      }
      note.textContent = `By another network, ${message.model}.`;
    },
    error() {
      body.ariaBusy = "false";
      sentence.hidden = true;
    },
    clear() {
      wanted = null;
      body.hidden = true;
      sentence.textContent = "";
      list.replaceChildren();
      scores.replaceChildren();
    }
  });
}
var classes_default = { render };
export {
  classes_default as default
};
