export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "dataset") Object.assign(node.dataset, value);
    else if (key in node && key !== "list") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

/** A number in two digits, with a proper minus. */
export const two = (value) => (value < 0 ? "\u2212" : "") + Math.abs(value).toFixed(2);

/** A probability for readers, in two digits; no network is certain: ">0.99", never "1.00". */
export function probabilityText(probability) {
  const text = probability.toFixed(2);
  return { "1.00": ">0.99", "0.00": "<0.01" }[text] ?? text;
}

/** The bytes of a message's buffer as an array of `Type`, wherever in it they begin. */
export function numbers({ buffer, byteOffset, byteLength }, Type) {
  return new Type(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** A sheet of paper over the page, dressed by sheet.css: `title`, a Close button, `text`. */
export function sheet(title, text) {
  const close = element("button", { type: "button" }, "Close");
  const dialog = element("dialog", { className: "sheet", ariaLabel: title },
    element("header", {}, element("h2", {}, title), close), text);
  close.onclick = () => dialog.close();
  // Only the dialog's surroundings are the dialog itself. A press that begins inside selects text.
  let outside = false;
  dialog.onpointerdown = (event) => { outside = event.target === dialog; };
  dialog.onclick = (event) => {
    if (outside && event.target === dialog) dialog.close();
  };
  return dialog;
}

/** Objects' URLs of the pictures on show; the old ones are let go with `free`. */
export function pictures() {
  const urls = new Set();
  return {
    url(buffer, type) {
      const url = URL.createObjectURL(new Blob([buffer], { type }));
      urls.add(url);
      return url;
    },
    free() {
      for (const url of urls) URL.revokeObjectURL(url);
      urls.clear();
    },
  };
}

/** Tell the other views of this page that attribute `name` is looked at. */
export function tellChosen(el, name) {
  el.dispatchEvent(new CustomEvent("facelens-chosen", { bubbles: true, detail: name }));
}

/** Call `hear(name)` when another view of this page tells so. */
export function hearChosen(el, signal, hear) {
  hearOnPage("facelens-chosen", el, signal, hear);
}

/** Tell the other views of this page that the answer `name` of another `task` is looked at. */
export function tellClass(el, task, name) {
  el.dispatchEvent(new CustomEvent("facelens-class", { bubbles: true, detail: { task, name } }));
}

/** Call `hear({ task, name })` when another view of this page tells so. */
export function hearClass(el, signal, hear) {
  hearOnPage("facelens-class", el, signal, hear);
}

function hearOnPage(event, el, signal, hear) {
  const page = (node) => node.closest(".facelens-page");
  document.addEventListener(event, ({ target, detail }) => {
    if (target !== el && page(target) === page(el)) hear(detail);
  }, { signal });
}

/** Call `tell(inSight)` when `el` comes near the window or leaves it. */
export function watchNear(el, signal, tell) {
  const watcher = new IntersectionObserver((entries) => tell(entries.at(-1).isIntersecting), { rootMargin: "200px" });
  watcher.observe(el);
  signal.addEventListener("abort", () => watcher.disconnect());
}

/** Call `tell(hidden)` when nobody sees `el` any more, or somebody does again. */
export function watchSight(el, signal, tell) {
  let hidden = false;
  const look = () => {
    const before = hidden;
    hidden = document.hidden || (el.isConnected && !el.getClientRects().length);
    if (hidden !== before) tell(hidden);
  };
  document.addEventListener("visibilitychange", look, { signal });
  const sized = new ResizeObserver(look);
  sized.observe(el);
  signal.addEventListener("abort", () => sized.disconnect());
}

/** Call `tell` when the kernel has died; one that is started anew knows nothing of this page. */
export function hearDeath({ widget_manager: manager }, signal, tell) {
  const hear = (_, status) => {
    if (["dead", "restarting", "autorestarting", "terminating"].includes(status)) tell();
  };
  manager?.kernel?.statusChanged.connect(hear);
  signal.addEventListener("abort", () => manager?.kernel?.statusChanged.disconnect(hear));
}

/** Call `handlers[kind]` for each message, show errors, and say that this view can be drawn on. */
export function listen(model, el, handlers) {
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
