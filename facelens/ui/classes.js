import { softmaxBesideSigmoid } from "./scores.js";
import { element, hearChosen, hearClass, listen, probabilityText, tellClass, watchNear } from "./shared.js";

function render({ model, el, signal }) {
  const heading = element("h2");
  const sentence = element("p", { className: "sentence", ariaLive: "polite" });
  const hint = element("p", { className: "small", hidden: true }, "Choose a row to see where the network looks for it.");
  // On a phone the map is far above the rows; beside them it is in sight already.
  const show = element("button", { type: "button", className: "show", hidden: true }, "Show its map");
  show.onclick = () => el.closest(".facelens-page")?.querySelector(".heatmap")
    ?.scrollIntoView({ block: "start", behavior: "smooth" });
  const list = element("ol");
  const note = element("p", { className: "small" });
  const caution = element("p", { className: "small caution" });
  const scores = element("div");
  const body = element("section", { className: "card filled", hidden: true },
    heading, sentence, list, hint, show, caution, scores, note);
  el.classList.add("facelens", "classes");
  el.append(body);

  let task = "";
  let wanted = null; // the face that has to be asked about, by its key
  let near = false;
  let open = false; // what is folded stays as it was left when the next face comes

  function ask() {
    if (!wanted || !near) return;
    model.send({ kind: "ask", key: wanted });
    wanted = null;
  }
  // Not before what is above has been painted.
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
      element("span", { className: "small" }, text),
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
        fold.ontoggle = () => { open = fold.open; };
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
    },
  });
}

export default { render };
