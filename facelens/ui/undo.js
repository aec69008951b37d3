import { element } from "./shared.js";

const SECONDS = 10;

/** A line that gives back, for a while, what was cleared: `restore` gets what was held. */
export function undo(restore) {
  const button = element("button", { type: "button" }, "Undo");
  const el = element("p", { className: "undo", role: "status", hidden: true },
    element("span", {}, `Cleared. Your browser holds the photo for ${SECONDS} seconds more.`), button);
  let held = null;
  let timer;
  const end = () => {
    clearTimeout(timer);
    held = null;
    el.hidden = true;
  };
  button.onclick = () => {
    const before = held;
    end();
    restore(before);
  };
  return {
    el,
    end,
    offer(what) {
      end();
      held = what;
      el.hidden = false;
      timer = setTimeout(end, 1000 * SECONDS);
    },
  };
}
