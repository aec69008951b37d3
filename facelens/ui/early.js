import { draw } from "./intake.js";

/** What the intake speaks to until its kernel is there: it keeps the last wish. */
function standIn() {
  const ears = new Set();
  let kept = [];
  let real = null;
  return {
    get asleep() {
      return !real;
    },
    on: (kind, ear) => {
      ears.add(ear);
      real?.on(kind, ear);
    },
    off: (kind, ear) => {
      ears.delete(ear);
      real?.off(kind, ear);
    },
    // Whatever is said before there is a kernel is about the wish that waits for it.
    hear: (message) => ears.forEach((ear) => ear({ turn: kept.at(-1)?.[0].turn, ...message }, [])),
    send: (...wish) => {
      if (real) real.send(...wish);
      else if (wish[0].kind === "ready") kept = [wish];
      else kept = [kept[0], wish];
    },
    join: (model) => {
      real = model;
      for (const ear of ears) model.on("msg:custom", ear);
      for (const wish of kept) model.send(...wish);
      const waited = kept.length > 1;
      kept = [];
      return waited;
    },
  };
}

/** Draw the intake into `el` before there is a kernel; the first view that is drawn takes it over. */
export function drawEarly(el) {
  const model = standIn();
  const end = new AbortController();
  const tidy = draw({ model, el, signal: end.signal });
  globalThis.facelensEarly = {
    takeOver(real, { el: place, signal }) {
      const focused = el.contains(document.activeElement) && document.activeElement;
      const video = el.querySelector("video");
      if (place.moveBefore && el.isConnected && place.isConnected) place.moveBefore(el, null);
      else place.append(el);
      document.getElementById("early")?.remove();
      focused?.focus?.({ preventScroll: true });
      if (video.srcObject) video.play().catch(() => {});
      signal.addEventListener("abort", () => end.abort());
      if (model.join(real)) model.hear({ kind: "awake" });
      return tidy;
    },
  };
  // Where no view will come: a camera must not stay on behind a page without its button.
  model.end = () => {
    delete globalThis.facelensEarly;
    tidy();
    end.abort();
    document.getElementById("early")?.remove();
  };
  return model;
}
