const percent = (share) => (100 * share).toFixed(1);
const time = (milliseconds) => `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
const range = ({ low, high }) => `${percent(low)}–${percent(high)}`;
const STANDING = { weaker: ", weaker than the best", best: ", best on the list" };

/** A network in the list: its title, and what its bundle says of it. */
export function inList(title, figures) {
  if (!figures) return title;
  const parts = [title, `${percent(figures.accuracy)} %`];
  if (figures.milliseconds !== null) parts.push(time(figures.milliseconds));
  if (figures.standing === "weaker") parts.push("weaker");
  return parts.join(" · ");
}

/** What stands beside the list of the network in use; `here` are milliseconds on this machine, or null. */
export function inShort(figures, here) {
  const parts = [];
  if (figures) {
    parts.push(`${percent(figures.accuracy)} % right (${range(figures)})${STANDING[figures.standing] ?? ""}`);
  }
  if (here !== null) parts.push(`${time(here)} here`);
  return parts.join("; ");
}

/** What stands over its model card. */
export function atLength(figures, here) {
  if (!figures) return "";
  const { accuracy, faces, split, data, standing, milliseconds, machine } = figures;
  const words = [`On ${faces.toLocaleString("en")} ${split} faces of ${data} ${percent(accuracy)} % of the answers`
    + ` are right, at a threshold of one half (95 % interval ${range(figures)})${STANDING[standing] ?? ""}.`];
  const speeds = [];
  if (milliseconds !== null) speeds.push(`${time(milliseconds)} on one core of ${machine}`);
  if (here !== null) speeds.push(`${time(here)} here, for the last photo`);
  if (speeds.length) words.push(`A face takes ${speeds.join(", ")}.`);
  return words.join(" ");
}
