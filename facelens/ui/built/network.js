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
  const line = element(
    "div",
    { className: "line" },
    element("div", { className: "pair" }, element("label", {}, "Network", select), open),
    status
  );
  const card = element("div", { className: "text", tabIndex: 0 });
  const dialog = sheet("Model card", card);
  el.classList.add("facelens", "network");
  el.append(line, hub, dialog);
  let used = null;
  let names = [];
  let wanted = null;
  let focused = false;
  const show = () => {
    const busy = wanted !== null;
    status.textContent = busy ? "Loading…" : "";
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
      const options = message.networks.map(([value, text]) => element("option", { value }, text));
      if (used === null) options.unshift(element("option", { value: "", hidden: true }, "none yet"));
      if (message.free) options.push(element("option", { value: HUB }, "Another from the Hugging Face Hub…"));
      select.replaceChildren(...options);
      show();
      heed();
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
