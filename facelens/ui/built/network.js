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

// strength.js
var percent = (share) => (100 * share).toFixed(1);
var time = (milliseconds) => `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
var range = ({ low, high }) => `${percent(low)}–${percent(high)}`;
var STANDING = { weaker: ", weaker than the best", best: ", best on the list" };
function inList(title, figures) {
  if (!figures) return title;
  const parts = [title, `${percent(figures.accuracy)} %`];
  if (figures.milliseconds !== null) parts.push(time(figures.milliseconds));
  if (figures.standing === "weaker") parts.push("weaker");
  return parts.join(" · ");
}
function inShort(figures, here) {
  const parts = [];
  if (figures) {
    parts.push(`${percent(figures.accuracy)} % right (${range(figures)})${STANDING[figures.standing] ?? ""}`);
  }
  if (here !== null) parts.push(`${time(here)} here`);
  return parts.join("; ");
}
function atLength(figures, here) {
  if (!figures) return "";
  const { accuracy, faces, split, data, standing, milliseconds, machine } = figures;
  const words = [`On ${faces.toLocaleString("en")} ${split} faces of ${data} ${percent(accuracy)} % of the answers are right, at a threshold of one half (95 % interval ${range(figures)})${STANDING[standing] ?? ""}.`];
  const speeds = [];
  if (milliseconds !== null) speeds.push(`${time(milliseconds)} on one core of ${machine}`);
  if (here !== null) speeds.push(`${time(here)} here, for the last photo`);
  if (speeds.length) words.push(`A face takes ${speeds.join(", ")}.`);
  return words.join(" ");
}

// network.js
var HUB = "another from the Hub";
var heeded = false;
function render({ model, el }) {
  const select = element("select");
  const open = element("button", { type: "button", disabled: true }, "Model card");
  const status = element("span", { className: "small", role: "status" });
  const field = element("input", {
    type: "text",
    placeholder: "owner/repo",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: false
  });
  const load = element("button", { type: "submit" }, "Load");
  const cancel = element("button", { type: "button" }, "Cancel");
  const hub = element(
    "form",
    { hidden: true },
    element("label", {}, "Repository on the Hugging Face Hub", field),
    load,
    cancel,
    element("small", {}, "A Facelens bundle; owner/repo@revision for a certain version.")
  );
  const facts = element("small", { className: "facts" });
  const line = element(
    "div",
    { className: "line" },
    element("label", {}, element("span", {}, "Network"), select),
    open,
    facts,
    status
  );
  const card = element("div", { className: "text", tabIndex: 0 });
  const dialog = sheet("Model card", card);
  el.classList.add("facelens", "network");
  el.append(line, hub, dialog);
  let used = null;
  let names = [];
  let figures = {};
  let speed = null;
  let wanted = null;
  let focused = false;
  const here = () => speed?.name === used ? speed.milliseconds : null;
  const tell = () => {
    facts.textContent = wanted === null ? inShort(figures[used], here()) : "";
  };
  const show = () => {
    const busy = wanted !== null;
    status.textContent = busy ? "Loading…" : "";
    tell();
    for (const control of [select, field, load]) control.disabled = busy;
    open.disabled = busy || used === null;
    select.value = busy && names.includes(wanted) ? wanted : used ?? "";
  };
  const choose = (name) => {
    focused = el.contains(document.activeElement);
    wanted = name;
    show();
    model.send({ kind: "choose", name });
  };
  const settle = () => {
    wanted = null;
    show();
    if (focused && document.activeElement === document.body) (hub.hidden ? select : field).focus();
    focused = false;
  };
  select.onchange = () => {
    hub.hidden = select.value !== HUB;
    if (hub.hidden) choose(select.value);
    else field.focus();
  };
  hub.onsubmit = (event) => {
    event.preventDefault();
    const name = field.value.trim();
    if (name) choose(name);
  };
  cancel.onclick = () => {
    hub.hidden = true;
    show();
    select.focus();
  };
  hub.onkeydown = (event) => {
    if (event.key === "Escape") cancel.onclick();
  };
  open.onclick = () => {
    card.replaceChildren(element("p", {}, "Fetching the card…"));
    dialog.showModal();
    model.send({ kind: "card" });
  };
  const heed = () => {
    const name = new URLSearchParams(location.search).get("network");
    if (!heeded && name !== used && names.includes(name)) choose(name);
    heeded = true;
  };
  return listen(model, el, {
    networks(message) {
      used = message.used;
      names = message.networks.map(([name]) => name);
      figures = message.figures;
      const options = message.networks.map(([value, title]) => element("option", { value }, inList(title, figures[value])));
      if (used === null) options.unshift(element("option", { value: "", hidden: true }, "none yet"));
      if (message.free) options.push(element("option", { value: HUB }, "Another from the Hugging Face Hub…"));
      select.replaceChildren(...options);
      show();
      heed();
    },
    speed(message) {
      speed = message;
      tell();
    },
    progress({ text }) {
      if (wanted !== null) status.textContent = text;
    },
    settled() {
      field.value = "";
      hub.hidden = true;
      settle();
    },
    card(message) {
      if (!dialog.open) return;
      card.innerHTML = message.html;
      card.prepend(element("p", { className: "small" }, atLength(figures[used], here())));
      card.scrollTop = 0;
    },
    error() {
      if (dialog.open) dialog.close();
      settle();
    }
  });
}
var network_default = { render };
export {
  network_default as default
};
