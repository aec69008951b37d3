import { element, pictures } from "./shared.js";

/** The photo that was chosen, drawn by the browser until the kernel shows what it has found in it. */
export function preview() {
  const shelf = pictures();
  const image = element("img", { alt: "Your photo" });
  const caption = element("figcaption", { className: "small" });
  const el = element("figure", { className: "preview", hidden: true }, image, caption);
  const hide = () => {
    shelf.free();
    image.removeAttribute("src");
    el.hidden = true;
  };
  image.onerror = () => { el.hidden = true; };
  return {
    el,
    hide,
    /** Show `what`, a file or the address of a picture; nothing where the browser cannot read it. */
    show(what) {
      hide();
      image.src = typeof what === "string" ? what : shelf.url(what, what.type);
      caption.textContent = "Your photo, still on your device.";
      el.hidden = false;
    },
    /** It is on its way to the kernel. */
    sent() {
      caption.textContent = "Your photo.";
    },
  };
}
