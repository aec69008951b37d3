// A frame as it is sent: large enough for faces across a room, small enough to be quick.
const FRAME = { longest: 640, quality: 0.8 };
// Milliseconds. A frame that has no answer by then counts as lost; another goes off.
const PATIENCE = 4000;
const RETRY = 1000;
const SPAN = 2000; // over which frames are counted

/** Send frames of `video`, each when the one before is answered: there is never a second one.
 *
 * `takes` says which pictures are to be sent: "moving" for each new one, "still" for the one that
 * stands still when it is asked about, "" for none. `send(turn, at, bytes)` sends one; `silent()`
 * hears that there is no answer.
 */
export function frameSender(video, { takes, send, silent }) {
  const blank = () => {
    const paper = document.createElement("canvas");
    return { paper, pen: paper.getContext("2d", { alpha: false, willReadFrequently: true }) };
  };
  let next = blank();
  let last = blank(); // the frame that was answered last
  let waiting = null; // the frame that has no answer yet
  let patience;
  let fresh = false; // the camera has given a picture since the last frame
  let due = false; // the picture that stands still has to be asked about

  function proceed() {
    if (waiting || !video.videoWidth) return;
    const which = takes();
    if ((which === "moving" && fresh) || (which === "still" && due)) take();
  }

  async function take() {
    fresh = due = false;
    const mine = { turn: String(Math.random()), at: performance.now(), wanted: true };
    waiting = mine;
    const { paper, pen } = next;
    const { videoWidth: width, videoHeight: height } = video;
    const scale = Math.min(1, FRAME.longest / Math.max(width, height));
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    if (paper.width !== size.width || paper.height !== size.height) Object.assign(paper, size);
    pen.drawImage(video, 0, 0, paper.width, paper.height);
    const blob = await new Promise((done) => paper.toBlob(done, "image/jpeg", FRAME.quality));
    const bytes = await blob?.arrayBuffer();
    if (!bytes || !mine.wanted) {
      settle();
      return;
    }
    send(mine.turn, mine.at, bytes);
    patience = setTimeout(() => {
      if (mine.wanted) silent();
      settle();
    }, PATIENCE);
  }

  /** The frame that was waited for is answered, or will not be. */
  function settle() {
    clearTimeout(patience);
    waiting = null;
    proceed();
  }

  /** Pass over the answer that is on its way; the next frame waits for it all the same. */
  function forgo() {
    if (waiting) waiting.wanted = false;
  }

  return {
    forgo,
    /** The camera has given another picture. */
    arrived() {
      fresh = true;
      proceed();
    },
    /** Ask about the picture that stands still. */
    again() {
      forgo();
      due = true;
      proceed();
    },
    /** Send nothing of the pictures that have come so far. */
    drop() {
      forgo();
      due = fresh = false;
    },
    /** Frame `turn` is answered: `use` the answer to what was taken `at`, if it is still wanted. */
    answered(turn, use) {
      if (waiting?.turn !== turn) return;
      if (waiting.wanted) {
        [next, last] = [last, next];
        use(waiting.at);
      }
      settle();
    },
    /** Frame `turn` has failed: `tell` so if it is still wanted. */
    failed(turn, tell) {
      if (waiting?.turn !== turn) return;
      if (waiting.wanted) tell();
      clearTimeout(patience);
      patience = setTimeout(settle, RETRY);
    },
    /** The frame that was answered last, as a canvas. */
    get picture() {
      return last.paper;
    },
    /** Leave nothing of the picture. */
    wipe() {
      next.paper.width = last.paper.width = 0;
    },
  };
}

const STANDS = "The computer is slow, so each picture is shown with its answer, a moment late.";
const middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** How fast the last `answers` came, in words; those that are too old are taken out.
 *
 * `stands`: the picture waits for its answer.
 */
export function pace(answers, now, { stands }) {
  while (answers.length && answers[0].when < now - SPAN) answers.shift();
  if (answers.length < 3) return stands ? STANDS : "";
  const rate = (1000 * (answers.length - 1)) / (answers.at(-1).when - answers[0].when);
  const late = Math.round(middle(answers.map((each) => each.late)));
  const part = Math.round(middle(answers.map((each) => each.part)));
  const words = `${rate.toFixed(rate < 10 ? 1 : 0)} pictures a second; ${late} ms from a picture to its box, ${part} of them to find the face and ask the network.`;
  return stands ? `${words} ${STANDS}` : words;
}
