import { element } from "./shared.js";

const STAY = 5000; // so long the choice of a face stays when one is left, lest the page jumps

/** The buttons under the camera's picture; which are there depends on what the camera does. */
export function cameraButtons() {
  const start = element("button", { type: "button", className: "main" }, "Start the camera");
  const pause = element("button", { type: "button" });
  const shoot = element("button", { type: "button", className: "main" }, "Take a snapshot");
  const other = element("button", { type: "button", hidden: true }, "Other camera");
  const stop = element("button", { type: "button" });
  const back = element("button", { type: "button", className: "main" }, "Back to the camera");
  const row = element("div", { className: "buttons" }, start, shoot, pause, other, stop, back);
  return {
    row, start, pause, shoot, other, stop, back,
    /** Show those that fit `mode`; `startable`: a camera could be opened, `dead`: no kernel. */
    show(mode, { startable, dead }) {
      const moves = mode === "live" || mode === "paused";
      shoot.hidden = pause.hidden = !moves;
      start.hidden = mode !== "off" || !startable || dead;
      stop.hidden = !moves && mode !== "asking";
      stop.textContent = moves ? "Stop" : "Cancel";
      if (!moves) other.hidden = true;
      back.hidden = mode !== "still" || dead;
      pause.textContent = mode === "paused" ? "Go on" : "Pause";
    },
    /** Before there is a picture, there is nothing to take or to stop. */
    wait(yes) {
      shoot.disabled = pause.disabled = yes;
    },
  };
}

/** A button for each face, when there are several; `pick(number)` hears the choice.
 *
 * `next` gets the focus when the button that has it goes and none is left.
 */
export function faceButtons(pick, next) {
  const row = element("div", { className: "picks", role: "group", ariaLabel: "Faces in sight", hidden: true });
  let crowd = 0; // when there was last more than one face
  return {
    row,
    /** Show the faces `there`, of which `picked` is chosen. */
    show(there, picked, now) {
      const known = new Map([...row.children].map((button) => [Number(button.dataset.number), button]));
      for (const [number, button] of known) {
        if (there.includes(number)) continue;
        if (button === document.activeElement) (button.nextSibling ?? button.previousSibling ?? next).focus();
        button.remove();
      }
      for (const number of there) {
        if (known.has(number)) continue;
        const button = element("button", { type: "button", dataset: { number } }, `Face ${number}`);
        button.onclick = () => pick(number);
        row.insertBefore(button, [...row.children].find((each) => each.dataset.number > number) ?? null);
      }
      for (const button of row.children) button.ariaPressed = String(Number(button.dataset.number) === picked);
      if (there.length > 1) crowd = now;
      row.hidden = !crowd || now - crowd > STAY;
    },
    clear() {
      crowd = 0;
      row.replaceChildren();
    },
  };
}
