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

/** `facelens.tasks.attributes.thresholds.sentence`: what is fairly sure and what is doubtful. */
export function sentence(rows, { logits, probabilities, hints }, verdicts, thresholds, most = 5) {
  if (hints.length) return `Sure of nothing in this face. ${hints.join(" ")}`;
  const yes = [];
  const no = [];
  const bent = [];
  const doubtful = [];
  const surest = rows.map((_, i) => i).sort((a, b) => Math.abs(logits[b]) - Math.abs(logits[a]));
  for (const i of surest) {
    if (rows[i].judgement || thresholds[i] === null) continue;
    const likely = Math.fround(probabilities[i]) >= 0.5;
    if (verdicts[i] === "yes") (likely ? yes : bent).push(rows[i].yes);
    else if (verdicts[i] === "no") {
      if (rows[i].telling || likely) (likely ? bent : no).push(rows[i].no);
    } else {
      const away = Math.abs(Math.fround(Math.fround(probabilities[i]) - Math.fround(thresholds[i])));
      doubtful.push([away, rows[i].yes]);
    }
  }
  const sure = [...yes, ...no].slice(0, most);
  const parts = [];
  if (sure.length) parts.push(`Fairly sure: ${sure.join(", ")}.`);
  const few = (words) => words.slice(0, most).join(", ")
    + (words.length > most ? ` and ${words.length - most} more` : "");
  if (bent.length) parts.push(`By these thresholds also: ${few(bent)}.`);
  if (doubtful.length) {
    parts.push(`Doubtful: ${few(doubtful.sort((a, b) => a[0] - b[0]).map(([, words]) => words))}.`);
  }
  return parts.join(" ") || "Sure of nothing in particular.";
}
