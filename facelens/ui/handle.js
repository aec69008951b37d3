const SLACK = 4; // px before a press is a drag; less is a click or a finger that trembles

/** Move a threshold by its `handle` on `bar`, and by nothing else: where a finger scrolls over the
 * bar, nothing moves. `from()` is the threshold, null where out of reach; `move(threshold)` sets it.
 * What a gesture has moved is set back if the browser takes the gesture for its own, or on Escape.
 */
export function dragged(handle, bar, slider, { from, move }) {
  let press = null; // where it began, and the threshold then

  const end = (undo) => {
    const { moved, threshold } = press;
    press = null;
    bar.classList.remove("dragging");
    if (undo && moved) move(threshold);
  };

  handle.onpointerdown = (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    press = { id: event.pointerId, x: event.clientX, threshold: from(), moved: false };
    handle.setPointerCapture(event.pointerId);
    if (event.pointerType === "mouse") event.preventDefault(); // selects no text
    slider.focus({ preventScroll: true, focusVisible: false });
  };
  handle.onpointermove = (event) => {
    if (event.pointerId !== press?.id) return;
    const by = event.clientX - press.x;
    if (!press.moved && Math.abs(by) < SLACK) return;
    press.moved = true;
    bar.classList.add("dragging");
    const share = (press.threshold ?? 1) + by / bar.getBoundingClientRect().width;
    move(Math.round(100 * Math.min(1, Math.max(0, share))) / 100);
  };
  handle.onpointerup = (event) => {
    if (event.pointerId !== press?.id) return;
    handle.dataset.moved = String(press.moved);
    end(false);
  };
  // The browser scrolls instead, or the row has gone from under the finger.
  handle.onpointercancel = handle.onlostpointercapture = (event) => {
    if (event.pointerId === press?.id) end(true);
  };
  // The click that ends a drag chooses nothing.
  handle.onclick = (event) => {
    if (handle.dataset.moved === "true") event.stopPropagation();
  };
  slider.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && press) end(true);
  });
}
