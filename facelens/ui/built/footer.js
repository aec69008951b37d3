// link.js
function shareLink(href, query, launch) {
  const settings = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  if (launch) {
    return `${launch}?urlpath=${encodeURIComponent(`voila/render/dashboards/selfie.ipynb?${settings}`)}`;
  }
  const url = new URL(href);
  url.search = settings;
  url.hash = "";
  return url.href;
}

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
function hearDeath({ widget_manager: manager }, signal, tell) {
  const hear = (_, status) => {
    if (["dead", "restarting", "autorestarting", "terminating"].includes(status)) tell();
  };
  manager?.kernel?.statusChanged.connect(hear);
  signal.addEventListener("abort", () => manager?.kernel?.statusChanged.disconnect(hear));
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

// footer.js
var OTHERS = { selfie: ["live", "Live, with your camera"], live: ["selfie", "With a photo"] };
var GRACE = 8e3;
function render({ model, el, signal }) {
  const facts = element("ul");
  const words = element("span", {}, "The computer behind this page has gone to sleep, so nothing answers any more. ");
  const reload = element("button", { type: "button", className: "main" }, "Reload the page");
  let launch = null;
  const banner = element("div", { className: "gone", role: "alert", popover: "manual", hidden: true }, words, reload);
  reload.onclick = () => {
    if (launch) location.assign(shareLink(location.href, {}, launch));
    else location.reload();
  };
  el.classList.add("facelens", "footer");
  el.append(banner, facts);
  const link = element("a", { className: "other", hidden: true });
  el.append(link);
  function lead(served) {
    if (!document.body.dataset.voila) return;
    const here = location.pathname.match(/\/(selfie|live)\.ipynb$/)?.[1] ?? served;
    if (!OTHERS[here]) return;
    const [page, words2] = OTHERS[here];
    Object.assign(link, { href: `${page}.ipynb`, textContent: words2, hidden: false });
  }
  const gone = () => {
    banner.hidden = false;
    if (banner.isConnected && !banner.matches(":popover-open")) banner.showPopover();
  };
  let grace;
  let died = false;
  const kernel = model.widget_manager?.kernel;
  const connection = (_, status) => {
    if (status !== "connected") {
      grace ??= setTimeout(gone, GRACE);
      return;
    }
    clearTimeout(grace);
    grace = void 0;
    if (!died) banner.hidden = true;
  };
  kernel?.connectionStatusChanged.connect(connection);
  hearDeath(model, signal, () => {
    died = true;
    gone();
  });
  signal.addEventListener("abort", () => {
    clearTimeout(grace);
    kernel?.connectionStatusChanged.disconnect(connection);
  });
  return listen(model, el, {
    facts(message) {
      launch = message.launch;
      lead(message.page);
      reload.textContent = launch ? "Start it again" : "Reload the page";
      facts.replaceChildren(...message.lines.map((line) => element("li", {}, line)));
    }
  });
}
var footer_default = { render };
export {
  footer_default as default
};
