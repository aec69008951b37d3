import { shareLink } from "./link.js";
import { element, hearDeath, listen } from "./shared.js";

// Where both pages are served, on Binder and on one's own machine, each leads to the other.
const OTHERS = { selfie: ["live", "Live, with your camera"], live: ["selfie", "With a photo"] };
// A kernel that a proxy has parted from the page may come back; one that has died does not.
const GRACE = 8000;

function render({ model, el, signal }) {
  const facts = element("ul");
  const words = element("span", {}, "The computer behind this page has gone to sleep, so nothing answers any more. ");
  const reload = element("button", { type: "button", className: "main" }, "Reload the page");
  let launch = null;
  // Over all else: a fixed place would be one in the page, whose room is measured.
  const banner = element("div", { className: "gone", role: "alert", popover: "manual", hidden: true }, words, reload);
  reload.onclick = () => {
    if (launch) location.assign(shareLink(location.href, {}, launch));
    else location.reload();
  };
  el.classList.add("facelens", "footer");
  el.append(banner, facts);
  const link = element("a", { className: "other", hidden: true });
  el.append(link);
  /** Lead to the other page; `served` is this one where the server has both beside its root. */
  function lead(served) {
    if (!document.body.dataset.voila) return;
    const here = location.pathname.match(/\/(selfie|live)\.ipynb$/)?.[1] ?? served;
    if (!OTHERS[here]) return;
    const [page, words] = OTHERS[here];
    Object.assign(link, { href: `${page}.ipynb`, textContent: words, hidden: false });
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
    grace = undefined;
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
      // On Binder the page has gone with its computer; its address would find nothing.
      launch = message.launch;
      lead(message.page);
      reload.textContent = launch ? "Start it again" : "Reload the page";
      facts.replaceChildren(...message.lines.map((line) => element("li", {}, line)));
    },
  });
}

export default { render };
