/** `facelens.tasks.attributes.prior.right_among`: of the people who get a yes, the share that is one,
 * among people of whom the share `base` is; null if nobody gets a yes. */
export function rightAmong(base, recall, fpr) {
  const right = base * recall;
  const wrong = (1 - base) * fpr;
  return right + wrong > 0 ? right / (right + wrong) : null;
}

/** The limits of fpr / recall: MOVER-R of Donner and Zou (2012), from the limits of both. */
function ratioLimits(curves, column) {
  const [f, fLow, fHigh] = ["fpr", "fpr_low", "fpr_high"].map((name) => curves[name][column]);
  const [r, rLow, rHigh] = ["recall", "recall_low", "recall_high"].map((name) => curves[name][column]);
  const limit = (sign, end, other) => {
    const under = Math.max(0, (f * r) ** 2 - end * other * (2 * f - end) * (2 * r - other));
    const below = other * (2 * r - other);
    return below > 0 ? Math.max(0, (f * r + sign * Math.sqrt(under)) / below) : Infinity;
  };
  return [limit(-1, fLow, rHigh), limit(1, fHigh, rLow)];
}

/** `facelens.tasks.attributes.prior.yes_among` at `threshold` of a row: value, low and high, or null. */
export function yesAmong(base, threshold, curves) {
  if (threshold === null) return null;
  const column = Math.round(100 * threshold);
  if (curves.recall[column] === null || curves.fpr[column] === null) return null;
  const value = rightAmong(base, curves.recall[column], curves.fpr[column]);
  if (value === null) return null;
  const [low, high] = ratioLimits(curves, column);
  const share = (ratio) => (ratio === Infinity ? 0 : base / (base + (1 - base) * ratio));
  return { value, low: Math.min(value, share(high)), high: Math.max(value, share(low)) };
}
