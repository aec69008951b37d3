import { element, probabilityText } from "./shared.js";

const WAITS = "The next face asks you first.";

/** A game: the visitor answers a few rows before the network's answers are shown, and then says who is
 * right where the two differ. All of it stays in the page. `mark(name, so)` hears what the visitor says. */
export function guessFirst({ el, mark }) {
  const button = element("button", { type: "button", className: "guess-first", ariaPressed: "false" }, "Guess first");
  const note = element("small", { role: "status", hidden: true }, WAITS);
  const panel = element("section", { className: "card guess", hidden: true, ariaLabel: "Guess first" });
  let asked = [];
  let guesses = new Map();
  let right = new Map();

  const hide = (on) => {
    el.classList.toggle("guessing", on);
    el.closest(".facelens-page")?.classList.toggle("facelens-guessing", on);
  };

  function close() {
    panel.hidden = true;
    panel.replaceChildren();
    hide(false);
  }

  /** Two buttons of which one is chosen. */
  function pair(name, texts, chosen, choose) {
    const buttons = texts.map(([text, value]) => {
      const each = element("button", { type: "button", ariaPressed: String(chosen === value), ariaLabel: `${name}: ${text}` }, text);
      each.onclick = () => {
        choose(value);
        for (const other of buttons) other.ariaPressed = String(other === each);
      };
      return each;
    });
    return element("span", { className: "pair" }, ...buttons);
  }

  const labelOf = (row) => row.label.firstChild.data;

  function ask() {
    const show = element("button", { type: "button", className: "main" }, "Show the answers");
    const skip = element("button", { type: "button" }, "Not this face");
    show.onclick = score;
    skip.onclick = close;
    panel.replaceChildren(
      element("h2", {}, "What do you see?"),
      element("p", { className: "small" }, "Guess before the network answers. Your guesses stay in this page."),
      element("ul", {}, ...asked.map((row) => element("li", {}, element("span", {}, labelOf(row)),
        pair(labelOf(row), [["yes", true], ["no", false]], undefined, (value) => guesses.set(row.name, value))))),
      element("div", { className: "tools" }, show, skip));
    panel.hidden = false;
    hide(true);
  }

  function score() {
    hide(false);
    const told = asked.filter((row) => guesses.has(row.name));
    const clear = told.filter((row) => row.verdict !== "doubtful");
    const same = (row) => guesses.get(row.name) === (row.verdict === "yes");
    const doubts = told.length - clear.length;
    const line = element("p", {}, `You and the network agree on ${clear.filter(same).length} of ${clear.length}.`
      + (doubts ? ` It is in doubt about ${doubts}.` : ""));
    const tally = element("p", { className: "small", role: "status" });
    const count = () => {
      const said = [...right.values()];
      tally.textContent = said.length
        ? `Where you differed, you say that you were right ${said.filter(Boolean).length} of ${said.length} times.` : "";
    };
    const done = element("button", { type: "button" }, "Close");
    done.onclick = close;
    panel.replaceChildren(
      element("h2", { tabIndex: -1 }, "You and the network"), line,
      element("ul", {}, ...told.map((row) => {
        const guess = guesses.get(row.name);
        const words = `you ${guess ? "yes" : "no"}, the network ${row.verdict} (${probabilityText(row.p)})`;
        const item = element("li", {}, element("span", {}, labelOf(row), " ", element("small", {}, words)));
        if (row.verdict !== "doubtful" && !same(row)) {
          item.append(element("small", { className: "who" }, "Who is right?"), pair(`${labelOf(row)}, who is right?`, [["I am", true], ["the network is", false]], undefined, (mine) => {
            right.set(row.name, mine);
            mark(row.name, mine ? guess : !guess);
            count();
          }));
        }
        return item;
      })),
      tally, element("div", { className: "tools" }, done));
    panel.querySelector("h2").focus({ preventScroll: true });
  }

  button.onclick = () => {
    const on = button.ariaPressed !== "true";
    button.ariaPressed = String(on);
    note.hidden = !on;
    if (!on) close();
  };

  return {
    button, panel, note,
    /** A face has come whose answers about `rows` are not to be seen yet, if the visitor wishes so. */
    meet(rows) {
      close();
      if (button.ariaPressed !== "true") return;
      note.hidden = true;
      asked = rows;
      guesses = new Map();
      right = new Map();
      ask();
    },
    forget() {
      close();
      asked = [];
      guesses.clear();
      right.clear();
    },
  };
}
