import { element, listen, probabilityText } from "./shared.js";

function render({ model, el }) {
  const heading = element("h2");
  const list = element("ol");
  const note = element("p", { className: "small" });
  const filled = element("div", { className: "card filled", hidden: true }, heading, list, note);
  el.classList.add("facelens", "classes");
  el.append(filled);

  const row = ({ label, value, verdict, text }) => {
    const fill = element("div", { className: "fill" });
    fill.style.width = `${100 * value}%`;
    return element("li", { dataset: { verdict: verdict ?? "" } },
      element("span", {}, label),
      element("div", { className: "bar", ariaHidden: "true" }, fill),
      element("span", { className: "value" }, probabilityText(value)),
      element("span", { className: "small" }, text));
  };

  return listen(model, el, {
    words({ task, title, rows }) {
      heading.textContent = task;
      list.replaceChildren(...rows.map(row));
      note.textContent = `By another network, ${title}.`;
      filled.hidden = false;
    },
    clear() {
      filled.hidden = true;
      list.replaceChildren();
    },
  });
}

export default { render };
