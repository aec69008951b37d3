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
function sheet(title, text) {
  const close = element("button", { type: "button" }, "Close");
  const dialog = element(
    "dialog",
    { className: "sheet", ariaLabel: title },
    element("header", {}, element("h2", {}, title), close),
    text
  );
  close.onclick = () => dialog.close();
  let outside = false;
  dialog.onpointerdown = (event) => {
    outside = event.target === dialog;
  };
  dialog.onclick = (event) => {
    if (outside && event.target === dialog) dialog.close();
  };
  return dialog;
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

// about.js
var EXAMPLE = [["Smiling", 3], ["Eyeglasses", 2], ["Hat", -2]];
var sigmoid = (logit) => 1 / (1 + Math.exp(-logit));
function softmax(logits) {
  const powers = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
var round = (share) => Number((100 * share).toFixed(1));
function percent(share) {
  if (share < 5e-4) return "<0.1 %";
  if (share > 0.9995 && share < 1) return ">99.9 %";
  return `${round(share).toFixed(1)} %`;
}
var bar = (share, kind) => {
  const fill = element("i");
  fill.style.width = `${100 * share}%`;
  return element(
    "td",
    {},
    element(
      "div",
      { className: `share ${kind}` },
      element("span", { className: "track", ariaHidden: "true" }, fill),
      percent(share)
    )
  );
};
function comparison(rows, caption) {
  const logits = rows.map(([, logit]) => logit);
  const own = logits.map(sigmoid);
  const shared = softmax(logits);
  const column = (...children) => element("th", { scope: "col" }, ...children);
  const row = (text) => element("th", { scope: "row" }, text);
  const sum = own.map(round).reduce((a, b) => a + b);
  const total = (text) => element(
    "td",
    {},
    element("div", { className: "share" }, element("span"), text)
  );
  return element(
    "figure",
    { className: "shares" },
    element(
      "table",
      {},
      element("thead", {}, element(
        "tr",
        {},
        element("td"),
        column("Logit"),
        column("Sigmoid", element("small", {}, "each its own")),
        column("Softmax", element("small", {}, "sharing 100 %"))
      )),
      element("tbody", {}, ...rows.map(([label, logit], i) => element(
        "tr",
        {},
        row(label),
        element("td", {}, logit.toFixed(1).replace("-", "−")),
        bar(own[i], "own"),
        bar(shared[i], "shared")
      ))),
      element("tfoot", {}, element("tr", {}, row("Together"), element("td"), total(`${sum.toFixed(1)} %`), total("100 %")))
    ),
    element("figcaption", { className: "small" }, caption)
  );
}
function render({ model, el }) {
  const open = element("button", { type: "button" }, "About this page");
  const line = element("div", { className: "line" }, open);
  const before = element("div");
  const after = element("div");
  const figure = element("div", { className: "place" });
  const told = element("div", { className: "text", tabIndex: 0 }, before, figure, after);
  const dialog = sheet("About this page", told);
  el.classList.add("facelens", "about-page");
  el.append(line, dialog);
  open.onclick = () => {
    dialog.showModal();
    told.scrollTop = 0;
  };
  const example = () => figure.replaceChildren(comparison(
    EXAMPLE,
    "Example numbers, from no face; with a photo on the page, its own stand here. Softmax is over these three."
  ));
  example();
  return listen(model, el, {
    text(message) {
      [before.innerHTML, after.innerHTML] = message.parts;
      line.replaceChildren(open, ...message.repository ? [element("a", {
        href: message.repository,
        target: "_blank",
        rel: "noopener noreferrer"
      }, "The project")] : []);
    },
    face(message) {
      figure.replaceChildren(comparison(
        message.rows,
        `Logits of the face on this page, calibrated. The page shows the sigmoid's percentages; softmax here is over these ${message.rows.length}.`
      ));
    },
    clear: example
  });
}
var about_default = { render };
export {
  about_default as default
};
