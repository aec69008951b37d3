// Of `camera`: a warning of what a task says of somebody in the picture, off until it is asked for.
import { element } from "./shared.js";

const HOLD = 1000; // ms that it must be so before it is said, and over before it is taken back
const TONE = { pitch: 660, loud: 0.12, seconds: 0.25 };

/** A tone that is not loud; it needs a press of the visitor before it may be heard. */
function speaker() {
  let context = null;
  return {
    open() {
      context ??= new AudioContext();
      context.resume();
    },
    play() {
      if (!context) return;
      const start = context.currentTime;
      const source = new OscillatorNode(context, { frequency: TONE.pitch });
      const volume = new GainNode(context, { gain: 0 });
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(TONE.loud, start + 0.02);
      volume.gain.linearRampToValueAtTime(0, start + TONE.seconds);
      source.connect(volume).connect(context.destination);
      source.start(start);
      source.stop(start + TONE.seconds);
    },
    close() {
      context?.close();
      context = null;
    },
  };
}

/** Say that a state holds once it has for a while, and that it is over likewise: `change(holds)`. */
export function settled(change) {
  let seems = false;
  let stands = false;
  let since = 0;
  return {
    hear(is, now) {
      if (is !== seems) [seems, since] = [is, now];
      if (seems !== stands && now - since >= HOLD) {
        stands = seems;
        change(stands);
      }
    },
    clear() {
      seems = false;
      if (stands) change(false);
      stands = false;
    },
  };
}

/** Warnings of the tasks that are asked. `line`: where they are read; `node`: where they are turned on. */
export function warnings() {
  const line = element("p", { className: "warning", role: "alert" });
  const node = element("div", { className: "line warn" });
  const tone = speaker();
  const counts = { said: 0, tones: 0 };
  const known = new Map(); // by task
  const texts = new Set();

  const write = () => { line.textContent = [...texts].join(" "); };

  function make(text) {
    const on = element("input", { type: "checkbox" });
    const loud = element("input", { type: "checkbox", checked: true });
    const heard = element("label", { className: "small", hidden: true }, loud, "with a tone");
    const state = settled((holds) => {
      if (holds) {
        texts.add(text);
        counts.said += 1;
        if (loud.checked) {
          tone.play();
          counts.tones += 1;
        }
      } else texts.delete(text);
      write();
    });
    const open = () => { if (on.checked && loud.checked) tone.open(); };
    on.onchange = () => {
      heard.hidden = !on.checked;
      if (!on.checked) state.clear();
      open();
    };
    loud.onchange = open;
    const label = element("label", { className: "small" }, on, `Warn me: ${text.replace(/\.$/, "").toLowerCase()}`);
    return { on, state, boxes: [label, heard] };
  }

  return {
    line, node, counts,
    /** Offer the warnings of the tasks that are asked; what was turned on stays so. */
    offer(tasks) {
      const wanted = tasks.filter(({ warning }) => warning);
      for (const { task, warning } of wanted) if (!known.has(task)) known.set(task, make(warning));
      for (const [task, each] of known) if (!wanted.some((one) => one.task === task)) each.state.clear();
      node.replaceChildren(...wanted.flatMap(({ task }) => known.get(task).boxes));
      node.hidden = !wanted.length;
    },
    /** Take in the tasks of whose state somebody is. */
    hear(states, now) {
      for (const [task, { on, state }] of known) if (on.checked) state.hear(states.includes(task), now);
    },
    /** Nobody knows who is there. */
    clear() {
      for (const { state } of known.values()) state.clear();
    },
    close: tone.close,
  };
}
