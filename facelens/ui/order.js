import { surprise } from "./verdicts.js";

export const SORTS = [
  ["telling", "Most telling first"],
  ["group", "In groups"],
  ["likely", "Most likely first"],
  ["doubt", "Doubtful first"],
  ["name", "A to Z"],
];
export const FIRST = 8; // rows that are seen of the most telling
const FEW_MORE = 2; // are no reason for a button
const DOUBT_ORDER = { doubtful: 0, yes: 1, no: 2 };
const SPELLINGS = [["grey", "gray"], ["moustache", "mustache"], ["make up", "make-up"]];

/** The rows that fit what is searched for, in their order; judgements apart, and of the others `rest`
 * is what is folded away unless `all` are wanted. */
export function ordered(rows, face, { sort, search, all }) {
  const words = SPELLINGS.reduce((text, [from, to]) => text.replaceAll(from, to), search.trim().toLowerCase());
  const fits = (row) => `${row.label.textContent} ${row.name}`.toLowerCase().includes(words);
  const p = (row) => face.probabilities[row.index];
  const away = (row) => Math.abs(surprise(row, p(row)));
  const order = {
    telling: (a, b) => away(b) - away(a),
    group: () => 0,
    likely: (a, b) => p(b) - p(a),
    doubt: (a, b) => DOUBT_ORDER[a.verdict] - DOUBT_ORDER[b.verdict] || p(b) - p(a),
    name: (a, b) => a.label.textContent.localeCompare(b.label.textContent),
  }[sort];
  const plain = rows.filter((row) => !row.judgement && fits(row)).sort(order);
  const judged = rows.filter((row) => row.judgement && fits(row)).sort(order);
  const foldable = sort === "telling" && !words && plain.length > FIRST + FEW_MORE;
  const rest = foldable && !all ? plain.splice(FIRST) : [];
  return { words, plain, rest, judged, foldable };
}
