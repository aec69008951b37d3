/** Round halves to the even neighbour, as Python and NumPy do. */
export function rounded(value) {
  const down = Math.floor(value);
  const half = value - down;
  if (half !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

/** `facelens.tasks.attributes.thresholds.verdicts` for one attribute; `threshold` is null where out of reach. */
export function verdict(probability, threshold, curves, hinted) {
  if (hinted || threshold === null) return "doubtful";
  const p = Math.fround(probability);
  const cut = Math.fround(threshold);
  const nearest = rounded(Math.fround(cut * 100));
  const low = curves.doubt_low[nearest];
  const high = curves.doubt_high[nearest];
  if (low !== null && high !== null && Math.fround(low) <= p && p <= Math.fround(high)) {
    return "doubtful";
  }
  return p >= cut ? "yes" : "no";
}

/** `facelens.tasks.attributes.thresholds.meaning`: what a yes from `threshold` on means on the faces of `data`. */
export function meaning(threshold, curves, data = "CelebA") {
  if (threshold === null) return `No threshold reaches this precision on ${data} faces.`;
  const column = rounded(Math.fround(threshold) * 100);
  if (curves.precision[column] === null) return `No ${data} face gets a yes here.`;
  const hundred = (value) => rounded(100 * Math.fround(value));
  const low = hundred(curves.precision_low[column]);
  const high = hundred(curves.precision_high[column]);
  const share = low === high ? `${low}` : `${low} to ${high}`;
  return `Of 100 ${data} faces that get a yes here, ${share} are labelled so; `
    + `of 100 that are labelled so, ${hundred(curves.recall[column])} get a yes.`;
}

// What differs from its base rate by less is not worth a word.
const NEWS = 0.25;

/** `facelens.tasks.attributes.thresholds.surprise` of one row: how far the probability is from the base rate. */
export function surprise(row, probability) {
  return Math.fround(Math.fround(probability) - Math.fround(row.base ?? 0.5));
}

/** `facelens.tasks.attributes.thresholds.sentence`: what is surprising and sure, and what is doubtful. */
export function sentence(rows, { probabilities, hints }, verdicts, thresholds, most = 5) {
  if (hints.length) return `Sure of nothing in this face. ${hints.join(" ")}`;
  const sure = [];
  const bent = [];
  const doubtful = [];
  let usual = false;
  const away = rows.map((row, i) => surprise(row, probabilities[i]));
  const telling = rows.map((_, i) => i).sort((a, b) => Math.abs(away[b]) - Math.abs(away[a]));
  for (const i of telling) {
    const row = rows[i];
    if (row.judgement || thresholds[i] === null) continue;
    const p = Math.fround(probabilities[i]);
    if (verdicts[i] === "doubtful") {
      doubtful.push([Math.abs(Math.fround(p - Math.fround(thresholds[i]))), row.yes]);
    } else if ((verdicts[i] === "yes") !== (p >= 0.5)) {
      bent.push(row[verdicts[i]]);
    } else if (verdicts[i] === "yes" ? away[i] >= NEWS
      : away[i] <= -NEWS && (row.telling || Math.fround(p - away[i]) >= 0.5)) {
      sure.push(row[verdicts[i]]);
    } else {
      usual = true;
    }
  }
  const parts = [];
  if (sure.length) parts.push(`Fairly sure: ${sure.slice(0, most).join(", ")}.`);
  else if (usual) parts.push("Nothing out of the ordinary.");
  const few = (words) => words.slice(0, most).join(", ")
    + (words.length > most ? ` and ${words.length - most} more` : "");
  if (bent.length) parts.push(`By these thresholds also: ${few(bent)}.`);
  if (doubtful.length) {
    parts.push(`Doubtful: ${few(doubtful.sort((a, b) => a[0] - b[0]).map(([, words]) => words))}.`);
  }
  return parts.join(" ") || "Sure of nothing in particular.";
}
