/** Of `choice`: the tasks that are asked too while the picture moves, each by a box to tick. */
import { element } from "./shared.js";

/** `changed` hears that others are to be asked, `warn` which of them may warn. */
export function alsoRead(changed, warn) {
  const boxes = element("div", { className: "line tasks", role: "group", ariaLabel: "Read too" });
  const caution = element("p", { className: "small caution", ariaLive: "polite", hidden: true });
  const node = element("div", { hidden: true }, boxes, warn.node, caution);
  let offered = [];
  let chosen = [];

  function tell() {
    const asked = offered.filter((each) => chosen.includes(each.task));
    warn.offer(asked);
    const texts = asked.map((each) => each.caution).filter(Boolean);
    caution.textContent = texts.join(" ");
    caution.hidden = !texts.length;
  }

  return {
    node,
    /** The names of the tasks that are ticked. */
    get tasks() {
      return chosen;
    },
    /** Offer tasks; what is ticked stays so. */
    offer(tasks) {
      offered = tasks;
      chosen = chosen.filter((name) => tasks.some((each) => each.task === name));
      node.hidden = !tasks.length;
      boxes.replaceChildren(element("span", { className: "small" }, "Read too:"), ...tasks.map(({ task, title }) => {
        const box = element("input", { type: "checkbox", checked: chosen.includes(task) });
        box.onchange = () => {
          chosen = box.checked ? [...chosen, task] : chosen.filter((name) => name !== task);
          tell();
          changed();
        };
        return element("label", { className: "small" }, box, title);
      }));
      tell();
    },
  };
}
