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
function probabilityText(probability) {
  const text = probability.toFixed(2);
  return { "1.00": ">0.99", "0.00": "<0.01" }[text] ?? text;
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

// classes.js
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
    return element(
      "li",
      { dataset: { verdict: verdict ?? "" } },
      element("span", {}, label),
      element("div", { className: "bar", ariaHidden: "true" }, fill),
      element("span", { className: "value" }, probabilityText(value)),
      element("span", { className: "small" }, text)
    );
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
    }
  });
}
var classes_default = { render };
export {
  classes_default as default
};
