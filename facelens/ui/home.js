import { element } from "./shared.js";

const FORMS = [["png", "Picture (PNG)"], ["card", "Card to share (PNG)"], ["csv", "Table (CSV)"], ["json", "Data (JSON)"]];
const BREAK = 1500; // milliseconds before the same file can be asked for again

/** Have the browser save `buffer` as a file. */
export function download(buffer, name, type) {
  const url = URL.createObjectURL(new Blob([buffer], { type }));
  const link = element("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

/** The line with what can be taken home: `report(form)` asks for a file, `address()` is the link. */
export function takeHome({ report, address }) {
  const forms = FORMS.map(([form, text]) => {
    const button = element("button", { type: "button" }, text);
    button.onclick = () => {
      if (button.ariaDisabled === "true") return;
      button.ariaDisabled = "true"; // `disabled` would lose the focus
      setTimeout(() => { button.ariaDisabled = "false"; }, BREAK);
      report(form);
    };
    return button;
  });
  // In a notebook the address is the notebook's, not the page's.
  const copy = element("button", { type: "button", hidden: !document.body.dataset.voila }, "Copy a link to these settings");
  const copied = element("small", { role: "status" });
  const link = element("input", { type: "text", readOnly: true, hidden: true, ariaLabel: "Link to these settings" });

  copy.onclick = async () => {
    const text = address();
    try {
      await navigator.clipboard.writeText(text);
      copied.textContent = "Copied. It holds settings, no photo.";
    } catch {
      // Only a page from https or this machine may write to the clipboard.
      link.hidden = false;
      link.value = text;
      link.select();
      copied.textContent = "Copy it from here; it holds settings, no photo.";
    }
  };

  return {
    line: element("div", { className: "tools home" },
      element("span", { className: "small" }, "Take it home:"), ...forms, copy, copied, link),
    first: forms[0],
    /** Take away what was copied, or stands there to be copied. */
    forget() {
      link.hidden = true;
      copied.textContent = "";
    },
  };
}
