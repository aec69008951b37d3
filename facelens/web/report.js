// `facelens.ui.takehome` and `facelens.report.report`: what a visitor takes home, as a file.
import { curvesOf } from "../ui/curves.js";
import { meaning, sentence, surprise, verdict } from "../ui/verdicts.js";
import { weakRows } from "./quality.js";
import { asCard, asPicture } from "./sheet.js";
import { mostTelling } from "./words.js";

const COLUMNS = ["attribute", "label", "group", "probability", "low", "high", "threshold", "verdict", "you_say", "meaning"];
const OUT_OF_REACH = "out of reach";

const rounded = (value) => (value === null || !Number.isFinite(value) ? null : Number(value.toFixed(6)));

/** Labels' rows that get a yes, the most telling first, no judgements. */
const yeses = (rows) => rows
  .filter((row) => row.verdict === "yes" && !row.judgement)
  .sort((a, b) => b.above - a.above);

/** Everything that a form of the report writes; `wish` is the board's message. */
export function reportOf(wish, { site, network, photo, faces, index, answer, spread, heat, way, chosen, lut, further }) {
  const { board, report, heatmap } = network.about;
  const judgements = wish.judgements && wish.form !== "card";
  const face = faces[index];
  const curves = curvesOf(network.curves, board.rows.map(({ name }) => name), board.columns);
  const titles = Object.fromEntries([...board.groups, ["judgements", board.judgements.title]]);
  const weak = weakRows(network.about.weak, face.box.w);
  const cuts = board.rows.map(({ name }) => wish.thresholds[name] ?? null);
  const all = board.rows.map((row, i) => ({
    ...row,
    title: titles[row.group] ?? "Attributes",
    logit: answer.logits[i],
    probability: answer.probabilities[i],
    ...(spread ? { low: spread.low[i], high: spread.high[i] } : {}),
    threshold: cuts[i],
    verdict: verdict(answer.probabilities[i], cuts[i], curves[row.name], face.hints.length > 0 || weak[row.name] !== undefined),
    meaning: meaning(cuts[i], curves[row.name], row.data),
    above: surprise(row, answer.probabilities[i]),
    you: wish.marks[row.name] ?? null,
  }));
  const judged = (name) => board.rows.find((row) => row.name === name)?.judgement;
  const shown = chosen !== null && (judgements || !judged(chosen)) ? chosen
    : yeses(all)[0]?.name ?? mostTelling(board.rows, answer.probabilities) ?? board.rows[0].name;
  const at = network.names.indexOf(shown);
  const size = heat.height * heat.width;
  return {
    photo, face, number: index + 1, count: faces.length, others: faces.filter((each) => each !== face).map(({ box }) => box),
    judgements, lut, way: report.way[way], legend: spread ? `${report.legend} ${report.moves}` : report.legend, note: report.note, judgementsNote: report.judgements_note,
    model: report.origin, detector: site.footer.facts[0] ?? "", licence: network.about.licence, project: report.project, version: site.facelens,
    fairness: report.fairness[judgements ? 0 : 1],
    gaps: report.gaps.filter(([name]) => judgements || !judged(name)),
    sentence: sentence(board.rows, { probabilities: answer.probabilities, hints: face.hints }, all.map((row) => row.verdict), cuts),
    rows: all.filter((row) => judgements || !row.judgement),
    words: yeses(all).map(({ label }) => label),
    groups: board.groups.map(([group]) => group),
    chosen: { ...all[at], index: at, label: heatmap.attributes[at].label },
    heat: { values: heat.values.subarray(at * size, (at + 1) * size), height: heat.height, width: heat.width },
    further,
    made: new Date(),
  };
}

export function asJson(report) {
  const { x, y, w, h } = report.face.box;
  const tenth = (value) => Number(value.toFixed(1));
  const content = {
    made: { facelens: report.version, date: report.made.toISOString().replace(/\.\d+Z$/, "Z") },
    model: report.model,
    detector: report.detector,
    licence: report.licence,
    ...(report.project ? { project: report.project } : {}),
    note: report.note,
    fairness: report.fairness,
    face: { number: report.number, count: report.count, box: { x: tenth(x), y: tenth(y), w: tenth(w), h: tenth(h) }, hints: report.face.hints },
    sentence: report.sentence,
    attributes: report.rows.map((row) => ({
      name: row.name, label: row.label, group: row.title, logit: rounded(row.logit), probability: rounded(row.probability),
      ...(row.low === undefined ? {} : { low: rounded(row.low), high: rounded(row.high) }),
      threshold: rounded(row.threshold), verdict: row.verdict, meaning: row.meaning, you_say: row.you,
    })),
    ...(report.further.length ? {
      tasks: report.further.map(({ task, model, sentence, caution, words }) => ({
        task, model, sentence, caution, words: words.map(({ label, value, verdict }) => ({ label, value: rounded(value), verdict })),
      })),
    } : {}),
  };
  return `${JSON.stringify(content, null, 1)}\n`;
}

/** A value as a spreadsheet takes it, never as a formula (OWASP). */
function cell(value) {
  const plain = value === null ? "" : String(value);
  const text = typeof value === "string" && /^'*[=+\-@\t\r\n]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A table, a row an attribute; with a byte order mark, for spreadsheets. */
export function asCsv(report) {
  const lines = report.rows.map((row) => {
    const about = report.gaps.filter(([name]) => name === row.name).map(([, text]) => `warning: ${text}`);
    return [
      row.name, row.label, row.title, rounded(row.probability), rounded(row.low ?? null), rounded(row.high ?? null), rounded(row.threshold) ?? OUT_OF_REACH, row.verdict,
      row.you === null ? "" : row.you ? "yes" : "no", [row.meaning, ...about].filter(Boolean).join("; "),
    ];
  });
  for (const { task, title, caution, words } of report.further) {
    for (const { label, value, text } of words) lines.push([task, label, title, rounded(value), null, null, "", text, "", caution]);
  }
  return `\ufeff${[COLUMNS, ...lines].map((line) => `${line.map(cell).join(",")}\r\n`).join("")}`;
}

const FORMS = {
  png: [asPicture, "face", "png", "image/png"],
  card: [asCard, "card", "png", "image/png"],
  csv: [asCsv, "face", "csv", "text/csv"],
  json: [asJson, "face", "json", "application/json"],
};

/** The file that is wished for: its bytes, its name, its media type. */
export async function takeHome(wish, about) {
  const [write, kind, end, type] = FORMS[wish.form];
  const written = await write(reportOf(wish, about));
  const data = typeof written === "string" ? new TextEncoder().encode(written).buffer : written;
  return { data, name: `facelens-${kind}-${about.index + 1}.${end}`, type };
}
