import { element } from "./shared.js";

const SETTLE = 800; // ms that a state must hold before it is announced: this line is a live region

/** What the camera's page says in its line. */
export const LINES = {
  looking: "Looking for a face…",
  asking: "Waiting for the camera. Your browser may ask whether this page may use it.",
  noLens: "Browsers give the camera only to pages that come by https, or from this computer itself.",
  ended: "The camera has stopped. Start it again.",
  unplugged: "The camera was unplugged. It goes on by itself when it is back.",
  noAnswer: "No answer yet from the computer behind this page. The boxes come back as soon as it answers.",
  kernelGone: "The computer behind this page has gone, so the camera was switched off. Reload the page to go on.",
  muted: "The camera gives no picture at the moment. The boxes come back with it.",
  away: "Out of sight, this page sends nothing.",
  paused: "Paused: nothing is sent. Move a threshold and see what it changes.",
  taking: "Making the snapshot ready to send…",
  notTaken: "The snapshot could not be taken. Go back to the camera and try it again.",
};

const inSight = (count) => (count === 1 ? "One face in sight." : `${count} faces in sight.`);

/** The line that says how it goes. */
export function statusLine() {
  const line = element("p", { className: "status", role: "status", dataset: { state: "empty" } });
  let news = { text: "", since: 0 };

  function say(text, state = "busy") {
    if (line.textContent === text && line.dataset.state === state) return;
    line.textContent = text;
    line.dataset.state = state;
  }

  /** Say what has been so for a while. What went wrong stands until it is mended. */
  function mention(text, state) {
    const now = performance.now();
    if (news.text !== text) news = { text, since: now };
    if (line.dataset.state !== "error" && now - news.since >= SETTLE) say(text, state);
  }

  return {
    line,
    say,
    /** Say how many faces there are. */
    mentionFaces(count, { paused, away }) {
      if (paused) mention(LINES.paused, "done");
      else if (count) mention(inSight(count), "done");
      else mention(away ? LINES.away : LINES.looking);
    },
    /** What went wrong is mended. */
    mend() {
      if (line.dataset.state === "error") say(LINES.looking);
    },
    /** The camera that gave no picture gives one. */
    unmute() {
      if (line.textContent === LINES.muted) say(LINES.looking);
    },
  };
}
