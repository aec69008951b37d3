// `facelens.tasks.attributes.telling`, and which answers moved.
import { surprise } from "../ui/verdicts.js";

/** The attribute farthest above its base rate, judgements apart; null without one. */
export function mostTelling(rows, probabilities) {
  const known = rows.map((row, i) => ({ row, above: surprise(row, probabilities[i]) })).filter(({ row }) => !row.judgement);
  return known.length ? known.reduce((best, each) => (each.above > best.above ? each : best)).row.name : null;
}

/** `facelens.ui.compare`: the rows of two answers, those that moved most first. */
export function moves(before, after) {
  return after.rows.flatMap(({ name, label, judgement }, i) => {
    const at = before.names.indexOf(name);
    return at < 0 ? [] : [{ label, judgement, before: before.answer.probabilities[at], after: after.answer.probabilities[i] }];
  }).sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before));
}
