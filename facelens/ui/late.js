import { element } from "./shared.js";

// Milliseconds from a frame to its answer. Above the first, twice in a row, or above the second a face
// that moves has left its box; below the third, several times in a row, boxes keep up.
const LATE = 150;
const VERY_LATE = 250;
const SOON = 120;
const STEADY = 5;
const SAID = 1500; // ms that it has to last before a word is said of it
const STALE = 350; // so old a box may become while the next answer is on its way
const NOBODY = 2; // answers without a face, after which there is no box to be wrong

/** Whether the picture has to stand until its answer is there, lest boxes lie beside the faces.
 *
 * The picture then shown is the one that was answered: it is late, but what is drawn over it is true.
 */
export function lateness() {
  let held = false;
  let quick = 0; // answers that came soon, in a row
  let slow = 0; // answers that came late, in a row
  let since = Infinity; // when it began
  let empty = NOBODY; // answers without a face, in a row
  let at = Infinity; // when the picture was taken that was answered last
  function hold(now) {
    if (!held) since = now;
    held = true;
  }
  return {
    /** Take in that a picture taken at `taken` was answered at `now`, with so many `faces`. */
    answered(taken, now, faces) {
      at = taken;
      const late = now - taken;
      quick = late <= SOON ? quick + 1 : 0;
      empty = faces ? 0 : empty + 1;
      slow = late > LATE ? slow + 1 : 0;
      if (slow > 1 || late > VERY_LATE) hold(now);
      else if (quick >= STEADY) held = false;
    },
    get held() {
      return held && empty < NOBODY;
    },
    /** Whether it stands at `now`, with what was answered last still on show. */
    holds(now) {
      if (now - at > STALE) hold(now);
      return held && empty < NOBODY;
    },
    /** Whether it has stood for so long that one wonders why. */
    lasts: (now) => held && empty < NOBODY && now - since > SAID,
    /** Begin anew: the picture before it was of something else. */
    clear() {
      held = false;
      quick = slow = 0;
      empty = NOBODY;
      at = Infinity;
    },
  };
}

/** A canvas over the video that shows the picture that stands, or nothing. */
export function stillPicture() {
  const canvas = element("canvas", { className: "still", ariaHidden: "true", hidden: true });
  return {
    canvas,
    /** Show `picture`, painted anew if it is another one than before; null shows the video again. */
    show(picture, { anew, mirrored }) {
      if (picture && (anew || canvas.hidden)) {
        Object.assign(canvas, { width: picture.width, height: picture.height });
        canvas.getContext("2d", { alpha: false }).drawImage(picture, 0, 0);
      }
      canvas.hidden = !picture;
      canvas.classList.toggle("mirrored", mirrored);
    },
    /** Leave nothing of it. */
    wipe() {
      canvas.hidden = true;
      canvas.width = 0;
    },
  };
}
