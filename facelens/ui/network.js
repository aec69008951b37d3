import { element, listen, sheet } from "./shared.js";
import { atLength, inList, inShort } from "./strength.js";

const HUB = "another from the Hub";
// The page's address chooses once, however often the view is drawn.
let heeded = false;

function render({ model, el }) {
  const select = element("select");
  const open = element("button", { type: "button", disabled: true }, "Model card");
  const status = element("span", { className: "small", role: "status" });
  const field = element("input", {
    type: "text", placeholder: "owner/repo", autocomplete: "off", autocapitalize: "off", spellcheck: false,
  });
  const load = element("button", { type: "submit" }, "Load");
  const cancel = element("button", { type: "button" }, "Cancel");
  const hub = element("form", { hidden: true },
    element("label", {}, "Repository on the Hugging Face Hub", field), load, cancel,
    element("small", {}, "A Facelens bundle; owner/repo@revision for a certain version."));
  const facts = element("small", { className: "facts" });
  const line = element("div", { className: "line" },
    element("label", {}, element("span", {}, "Network"), select), open, facts, status);

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
  const here = () => (speed?.name === used ? speed.milliseconds : null);
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
    // What is disabled loses the focus; it goes back unless the visitor has taken it elsewhere.
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
      const options = message.networks.map(([value, title]) => (
        element("option", { value }, inList(title, figures[value]))));
      // Chosen until the first network is there; nobody can choose it.
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
    },
  });
}

export default { render };
