/** Whether a visitor has asked the system for less motion. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Play a script: a generator that acts and yields how many milliseconds to wait. */
export function player(script, tell) {
  let timer = 0;
  let scene = null;
  const step = () => {
    const { done, value } = scene.next();
    if (done) {
      scene = null;
      timer = 0;
      tell(false);
    } else timer = setTimeout(step, value);
  };
  return {
    get playing() { return timer !== 0; },
    play() {
      if (timer) return;
      scene ??= script();
      tell(true);
      step();
    },
    pause() {
      if (!timer) return;
      clearTimeout(timer);
      timer = 0;
      tell(false);
    },
    /** Forget where the script was. */
    stop() {
      this.pause();
      scene = null;
    },
  };
}

/** Let a copy of `thing` fall from where it stands into `goal`, both in `room`. */
export function fall(room, thing, goal, milliseconds) {
  const [all, from, to] = [room, thing, goal].map((node) => node.getBoundingClientRect());
  const copy = thing.cloneNode(true);
  copy.classList.add("falling");
  copy.ariaHidden = "true";
  copy.style.left = `${from.left - all.left}px`;
  copy.style.top = `${from.top - all.top}px`;
  room.append(copy);
  const x = to.left + to.width / 2 - from.left - from.width / 2;
  const y = to.top + to.height / 2 - from.top - from.height / 2;
  copy.animate(
    [{ transform: "none" }, { transform: `translate(${x}px, ${y}px) scale(0.5)`, opacity: 0.4 }],
    { duration: milliseconds, easing: "ease-in" },
  ).finished.catch(() => {}).then(() => copy.remove());
}
