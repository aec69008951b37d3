/** Round halves to the even neighbour, as Python and NumPy do. */
function rounded(value) {
  const down = Math.floor(value);
  const half = value - down;
  if (half !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

/** `facelens.thresholds.verdicts` for one attribute; `threshold` is null where out of reach. */
function verdict(probability, threshold, curves, hinted) {
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

/** `facelens.thresholds.meaning`: what calling `label` from `threshold` on means. */
function meaning(label, threshold, curves, data = "CelebA") {
  if (threshold === null) return `No threshold reaches this precision on ${data}.`;
  const column = rounded(Math.fround(threshold) * 100);
  if (curves.precision[column] === null) return `No ${data} face is called ${label} here.`;
  const hundred = (value) => rounded(100 * Math.fround(value));
  const low = hundred(curves.precision_low[column]);
  const high = hundred(curves.precision_high[column]);
  const share = low === high ? `${low}` : `${low} to ${high}`;
  return `Of 100 ${data} faces called ${label} here, ${share} are; `
    + `it finds ${hundred(curves.recall[column])} of 100.`;
}

/** `facelens.thresholds.sentence`: what is fairly sure and what is doubtful. */
function sentence(rows, logits, verdicts, most = 5) {
  const yes = [];
  const no = [];
  const doubtful = [];
  const surest = rows.map((_, i) => i).sort((a, b) => Math.abs(logits[b]) - Math.abs(logits[a]));
  for (const i of surest) {
    if (rows[i].judgement) continue;
    if (verdicts[i] === "yes") yes.push(rows[i].yes);
    else if (verdicts[i] === "doubtful") doubtful.push(rows[i].yes);
    else if (rows[i].telling) no.push(rows[i].no);
  }
  const sure = [...yes, ...no].slice(0, most);
  const parts = [];
  if (sure.length) parts.push(`Fairly sure: ${sure.join(", ")}.`);
  if (doubtful.length) {
    const more = doubtful.length - most;
    const tail = more > 0 ? ` and ${more} more` : "";
    parts.push(`Doubtful: ${doubtful.slice(0, most).join(", ")}${tail}.`);
  }
  return parts.join(" ") || "Sure of nothing in particular.";
}
