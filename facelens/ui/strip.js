import { element } from "./shared.js";

const SIDE = 144; // of a thumbnail, in pixels: 72 on a screen of twice as many

/** Several photos as thumbnails, in the browser alone: `send(file)` gets the one that is touched. */
export function strip(send) {
  const title = element("span", { className: "small" });
  const list = element("ul", { ariaLabel: "Your photos" });
  const el = element("div", { className: "strip", hidden: true }, title, list);
  let files = [];

  const draw = async (file, canvas) => {
    // Shrunk while it is decoded: the pixels of a phone's photo are 50 MB.
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
    if (!bitmap) return false;
    const side = Math.min(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, SIDE, SIDE);
    bitmap.close();
    return true;
  };

  const show = async (all) => {
    files = all;
    title.textContent = `${all.length} photos, in your browser only. Pick the one to send.`;
    const buttons = all.map((file, i) => {
      const canvas = element("canvas", { width: SIDE, height: SIDE, ariaHidden: "true" });
      const button = element("button", { type: "button", ariaPressed: "false", ariaLabel: `Photo ${i + 1}: ${file.name}` }, canvas);
      button.onclick = () => {
        for (const each of buttons) each.ariaPressed = String(each === button);
        send(file);
      };
      return button;
    });
    list.replaceChildren(...buttons.map((button) => element("li", {}, button)));
    el.hidden = false;
    for (const [i, button] of buttons.entries()) { // one after the other: together they take memory
      if (files !== all) return;
      const drawn = await draw(all[i], button.firstChild);
      if (!drawn) button.replaceChildren(element("small", {}, all[i].name.split(".").at(-1) || "file"));
    }
  };

  return {
    el,
    show,
    get files() {
      return files;
    },
    clear() {
      files = [];
      list.replaceChildren();
      el.hidden = true;
    },
  };
}
