import { alsoRead } from "./also.js";
import { element } from "./shared.js";

/** What is shown over the moving picture: the attributes that are written beside a face, the one that
 * is looked for over it, and the tasks that are asked too. `changed` hears that others are to be
 * written, `asked` that others are to be asked, `warn` which of these may warn.
 */
export function cameraChoice(changed, asked, warn) {
  const where = element("select");
  const bar = element("span", { className: "scale small", hidden: true },
    element("span", {}, "nothing"), element("i", { ariaHidden: "true" }), element("span", {}, "speaks for it"));
  const looks = element("div", { className: "line" },
    element("label", { className: "small" }, "Where it looks for", where), bar);
  const also = alsoRead(asked, warn);
  const title = element("summary");
  const boxes = element("div", { className: "groups" });
  const settings = element("div", { className: "settings" }, looks, also.node,
    element("details", { className: "choice" }, title, boxes));
  let network = null;
  let chosen = [];
  const describe = (name) => network?.attributes.find((each) => each.name === name);

  function choose() {
    const ticked = [...boxes.querySelectorAll("input")].filter((input) => input.checked).map((input) => input.value);
    // The order in which they were chosen is the order in which they stand.
    chosen = [...chosen.filter((name) => ticked.includes(name)), ...ticked.filter((name) => !chosen.includes(name))];
    entitle();
    changed();
  }

  function entitle() {
    const open = chosen.filter((name) => !describe(name).judgement).map((name) => describe(name).label);
    const folded = chosen.length - open.length;
    if (folded) open.push(folded === 1 ? "one judgement about people" : `${folded} judgements about people`);
    title.textContent = `Written beside a face: ${open.join(", ") || "nothing"}`;
  }

  function paintBar() {
    bar.hidden = !where.value;
  }

  return {
    settings, where, paintBar,
    get chosen() {
      return chosen;
    },
    get tasks() {
      return also.tasks;
    },
    /** Offer what `next` can say. It keeps what the visitor has chosen, as far as it knows it. */
    offer(next) {
      network = next;
      also.offer(next.tasks ?? []);
      const kept = chosen.filter(describe);
      chosen = kept.length ? kept : network.everyday;
      const item = ({ name, label, note }) => element("label", { className: "small", title: note },
        element("input", { type: "checkbox", value: name, checked: chosen.includes(name), onchange: choose }), label);
      const plain = network.attributes.filter((each) => !each.judgement);
      const judged = network.attributes.filter((each) => each.judgement);
      const groups = network.groups.map(([group, text]) => [text, plain.filter((each) => each.group === group)]);
      boxes.replaceChildren(
        ...groups.filter(([, members]) => members.length).map(([text, members]) => element(
          "fieldset", {}, element("legend", { className: "small" }, text), ...members.map(item))),
        ...(judged.length ? [element("details", { className: "judgements" },
          element("summary", {}, `${network.judgements.title} (${judged.length})`),
          element("p", { className: "small" }, network.judgements.note),
          element("fieldset", { ariaLabel: network.judgements.title }, ...judged.map(item)))] : []),
      );
      entitle();
      const wanted = where.value;
      const options = plain.toSorted((a, b) => a.label.localeCompare(b.label));
      where.replaceChildren(element("option", { value: "" }, "not shown"),
        ...options.map(({ name, label }) => element("option", { value: name }, label)));
      where.value = options.some(({ name }) => name === wanted) ? wanted : "";
      paintBar();
    },
    /** Look for attribute `name`, be it a judgement that is folded away. */
    look(name) {
      if (![...where.options].some((option) => option.value === name)) {
        where.append(element("option", { value: name }, describe(name)?.label ?? name));
      }
      where.value = name;
    },
    /** A judgement that was looked for is folded away again: another person may come. */
    fold() {
      if (!describe(where.value)?.judgement) return;
      where.selectedOptions[0].remove();
      where.value = "";
      paintBar();
    },
  };
}
