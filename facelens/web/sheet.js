// `facelens.report.picture` and `facelens.report.card` by canvas: the same facts, the browser's letters.
import { probabilityText } from "../ui/shared.js";
import { alignFace } from "./align.js";
import { canvasOf } from "./pictures.js";

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const INK = "#1c2b2d";
const QUIET = "#526164";
const LINE = "#d5dede";
const CARD = "#f4f7f7";
const TRACK = "#e6ebeb";
const BOX = "#4fd8cf";
const BARS = { yes: "#0b7373", no: "#8b989b", doubtful: "#b86e00" };
const CHIPS = { yes: ["#0b7373", "#d8efed"], no: [QUIET, TRACK], doubtful: ["#935200", "#fdeccf"] };

const WIDTH = 1240;
const MARGIN = 56;
const GAP = 40;
const INNER = WIDTH - 2 * MARGIN;
const COLUMN = (INNER - GAP) / 2;
const PICTURE = [360, 441];
const BETWEEN = 24;
const [ROW, ROW_WITH_NOTE, HEADING, TEAR] = [46, 68, 62, 120];
const MOST_GAPS = 4;

const leading = (size) => Math.round(1.45 * size);

/** What writes on a canvas; nothing is drawn on one without height, which only measures. */
function pen(width, height, paper) {
  const canvas = new OffscreenCanvas(width, Math.max(1, height));
  const context = canvas.getContext("2d");
  context.fillStyle = paper;
  context.fillRect(0, 0, width, height);
  const choose = (size, bold) => { context.font = `${bold ? 600 : 400} ${size}px ${FONT}`; };

  function wrap(text, size, room, bold = false) {
    choose(size, bold);
    const lines = [];
    for (const word of text.split(/\s+/).filter(Boolean)) {
      const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
      if (lines.length && context.measureText(longer).width <= room) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines;
  }

  return {
    canvas, context, wrap,
    write(x, y, text, size, colour = INK, { bold = false, align = "left", base = "top" } = {}) {
      choose(size, bold);
      Object.assign(context, { fillStyle: colour, textAlign: align, textBaseline: base });
      context.fillText(text, x, y);
    },
    fit(text, size, room) {
      choose(size, false);
      let shorter = text;
      while (shorter && context.measureText(shorter === text ? text : `${shorter}…`).width > room) shorter = shorter.slice(0, -1).trimEnd();
      return shorter === text ? text : `${shorter}…`;
    },
    paragraph(x, y, text, size, colour = INK, room = width - 2 * x) {
      let below = y;
      for (const line of wrap(text, size, room)) {
        this.write(x, below, line, size, colour);
        below += leading(size);
      }
      return below;
    },
    pill(x, y, wide, high, colour, radius, share = 1) {
      context.save();
      context.beginPath();
      context.roundRect(x, y, wide, high, radius);
      context.clip();
      context.fillStyle = colour;
      context.fillRect(x, y, share * wide, high);
      context.restore();
    },
    paste(picture, x, y, [wide, high]) {
      context.save();
      context.beginPath();
      context.roundRect(x, y, wide, high, 10);
      context.clip();
      context.drawImage(picture, x, y, wide, high);
      context.restore();
    },
    rule(y) {
      context.fillStyle = LINE;
      context.fillRect(MARGIN, y, width - 2 * MARGIN, 2);
      return y;
    },
    bytes: async () => (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer(),
  };
}

/** The photo on a canvas, every other face blurred beyond recognition. */
function blurred({ photo, face, others }) {
  const canvas = canvasOf(photo);
  if (!others.length) return canvas;
  const context = canvas.getContext("2d");
  const own = face.box;
  const before = new OffscreenCanvas(Math.max(1, Math.ceil(own.w)), Math.max(1, Math.ceil(own.h)));
  before.getContext("2d").drawImage(canvas, own.x, own.y, own.w, own.h, 0, 0, own.w, own.h);
  for (const { x, y, w, h } of others) {
    const head = [x - 0.18 * w, y - 0.35 * h, 1.36 * w, 1.43 * h];
    const few = new OffscreenCanvas(4, 5);
    few.getContext("2d").drawImage(canvas, ...head, 0, 0, 4, 5);
    context.drawImage(few, 0, 0, 4, 5, ...head);
  }
  context.drawImage(before, 0, 0, own.w, own.h, own.x, own.y, own.w, own.h);
  return canvas;
}

/** The part of the photo around the face, with its box. */
function boxed(report, canvas) {
  const { box } = report.face;
  const [wide, high] = PICTURE;
  const result = pen(wide, high, CARD);
  const width = 3.2 * box.w;
  const scale = wide / width;
  const height = (width * high) / wide;
  // Within the photo, if it is as large.
  const slide = (start, length, side) => (length > side ? (side - length) / 2 : Math.min(side - length, Math.max(0, start)));
  const left = slide(box.x + box.w / 2 - width / 2, width, canvas.width);
  const top = slide(box.y + box.h / 2 - height / 2, height, canvas.height);
  result.context.imageSmoothingQuality = "high";
  result.context.drawImage(canvas, -left * scale, -top * scale, canvas.width * scale, canvas.height * scale);
  for (const [colour, line, around] of [[INK, 6, 1], [BOX, 4, 0]]) {
    Object.assign(result.context, { strokeStyle: colour, lineWidth: line });
    result.context.beginPath();
    result.context.roundRect((box.x - left) * scale - around, (box.y - top) * scale - around, box.w * scale + 2 * around, box.h * scale + 2 * around, 8);
    result.context.stroke();
  }
  return result.canvas;
}

/** The crop at a higher resolution. */
function aligned({ face }, canvas, [wide, high]) {
  const scale = wide / face.crop.width;
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  return canvasOf(alignFace({ data, width, height, channels: 4 }, face.warp.map((value) => value * scale), wide, high));
}

/** A grey face with the positive evidence in colours. */
function heated({ heat, lut }, crop) {
  const { width, height } = crop;
  const small = new OffscreenCanvas(heat.width, heat.height);
  const most = heat.values.reduce((a, b) => Math.max(a, b), 0);
  const shares = new ImageData(heat.width, heat.height);
  heat.values.forEach((value, i) => {
    const share = most > 0 ? Math.round(255 * Math.max(0, value / most)) : 0;
    shares.data.set([share, share, share, 255], 4 * i);
  });
  small.getContext("2d").putImageData(shares, 0, 0);
  const result = new OffscreenCanvas(width, height);
  const context = result.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, width, height);
  const picture = context.getImageData(0, 0, width, height);
  const face = crop.getContext("2d").getImageData(0, 0, width, height).data;
  for (let i = 0; i < picture.data.length; i += 4) {
    const share = picture.data[i];
    const weight = (0.75 * share) / 255;
    const grey = (face[i] + face[i + 1] + face[i + 2]) / 3;
    for (let c = 0; c < 3; c += 1) picture.data[i + c] = (1 - weight) * grey + weight * lut[3 * share + c];
  }
  context.putImageData(picture, 0, 0);
  return result;
}

const isLit = ({ heat }) => heat.values.some((value) => value > 0);

function picturesOf(report) {
  const canvas = blurred(report);
  const crop = aligned(report, canvas, PICTURE);
  const of = report.count > 1 ? ` (${report.number} of ${report.count})` : "";
  const shown = [[boxed(report, canvas), `The face${of}, found in the photo`], [crop, "The same face, aligned"]];
  if (report.judgements || !report.chosen.judgement) {
    const words = isLit(report) ? "Bright: speaks for" : "Nothing speaks for";
    shown.push([heated(report, crop), `${words} ${report.chosen.yes}`]);
  }
  return shown;
}

const noteOf = ({ you, threshold }) => [you === null ? "" : `you say ${you ? "yes" : "no"}`, threshold === null ? "threshold out of reach" : ""]
  .filter(Boolean).join(" · ");
const heightOf = (row) => (noteOf(row) ? ROW_WITH_NOTE : ROW);

/** Rows in two columns of similar height, groups together. */
function columnsOf(all, groups) {
  const rows = [...all].sort((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group));
  const height = (column) => column.reduce((sum, row) => sum + heightOf(row), 0) + HEADING * new Set(column.map(({ group }) => group)).size;
  const cost = (cut) => {
    const [left, right] = [rows.slice(0, cut), rows.slice(cut)];
    const torn = right.length && left.at(-1).group === right[0].group && !rows[0].judgement;
    return Math.max(height(left), height(right)) + (torn ? TEAR : 0);
  };
  const cuts = rows.map((_, i) => i + 1);
  const best = cuts.reduce((a, b) => (cost(b) < cost(a) ? b : a), 1);
  return [rows.slice(0, best), rows.slice(best)];
}

function drawRow(page, row, x, y) {
  const [label, number, chip] = [234, 54, 96];
  const bar = COLUMN - label - number - chip - 24;
  const middle = y + ROW / 2;
  page.context.fillStyle = TRACK;
  page.context.fillRect(x, y, COLUMN, 1);
  page.write(x, middle, page.fit(row.label, 21, label - 8), 21, INK, { base: "middle" });
  page.write(x, y + ROW - 7, noteOf(row), 18, QUIET);
  page.pill(x + label, middle - 6, bar, 12, TRACK, 4);
  page.pill(x + label, middle - 6, bar, 12, BARS[row.verdict], 4, row.probability);
  if (row.threshold !== null) {
    page.context.fillStyle = INK;
    page.context.fillRect(x + label + Math.round(row.threshold * bar) - 1, middle - 12, 3, 24);
  }
  if (row.low !== undefined) {
    const [from, to] = [row.low, row.high].map((end) => x + label + Math.round(end * bar));
    page.context.fillStyle = QUIET;
    page.context.fillRect(from, middle + 10, Math.max(to - from, 1) + 1, 2);
  }
  const right = x + COLUMN;
  page.write(right - chip - 14, middle, probabilityText(row.probability), 21, INK, { align: "right", base: "middle" });
  const [ink, paper] = CHIPS[row.verdict];
  page.pill(right - chip, middle - 15, chip, 30, paper, 15);
  page.write(right - chip / 2, middle, row.verdict, 18, ink, { bold: row.verdict === "yes", align: "center", base: "middle" });
}

function drawBoard(page, rows, groups, y, headings = true) {
  let end = y;
  for (const [i, column] of columnsOf(rows, groups).entries()) {
    const x = MARGIN + i * (COLUMN + GAP);
    let [below, group] = [y, ""];
    for (const row of column) {
      if (headings && row.group !== group) {
        group = row.group;
        page.write(x, below + 26, row.title, 22, INK, { bold: true });
        below += HEADING;
      }
      drawRow(page, row, x, below);
      below += heightOf(row);
    }
    end = Math.max(end, below);
  }
  return end;
}

function drawSaid(page, report, y) {
  const inside = INNER - 56;
  const parts = [[report.sentence, 30, INK]];
  if (report.face.hints.length) parts.push([["Every answer here is marked doubtful.", ...report.face.hints].join(" "), 21, CHIPS.doubtful[0]]);
  const height = 48 + parts.reduce((sum, [text, size]) => sum + leading(size) * page.wrap(text, size, inside).length, 0);
  page.pill(MARGIN, y, INNER, height, CARD, 12);
  page.pill(MARGIN, y, 6, height, BARS.yes, 3);
  let below = y + 24;
  for (const [text, size, colour] of parts) below = page.paragraph(MARGIN + 28, below, text, size, colour, inside);
  return y + height;
}

function draw(page, report, shown) {
  let y = 48;
  page.write(MARGIN, y, "What a network reads in this face", 48, INK, { bold: true });
  y += 84;
  for (const [i, [picture, caption]] of shown.entries()) {
    const x = MARGIN + i * (PICTURE[0] + BETWEEN);
    page.paste(picture, x, y, PICTURE);
    page.write(x, y + PICTURE[1] + 10, page.fit(caption, 19, PICTURE[0]), 19, QUIET);
  }
  y = drawSaid(page, report, y + PICTURE[1] + 64) + 12;
  y = drawBoard(page, report.rows.filter(({ judgement }) => !judgement), report.groups, y);
  y = page.paragraph(MARGIN, y + 20, `${report.legend} ${report.way}`, 19, QUIET);
  const judged = report.rows.filter(({ judgement }) => judgement);
  if (judged.length) {
    y = page.rule(y + 28) + 28;
    page.write(MARGIN, y, judged[0].title, 28, INK, { bold: true });
    y = page.paragraph(MARGIN, y + 46, report.judgementsNote, 19, QUIET);
    y = drawBoard(page, judged, report.groups, y + 8, false);
  }
  for (const each of report.further) {
    y = page.rule(y + 28) + 28;
    page.write(MARGIN, y, each.title, 28, INK, { bold: true });
    const said = each.words.toSorted((a, b) => b.value - a.value).map(({ label, value }) => `${label} ${probabilityText(value)}`);
    y = page.paragraph(MARGIN, y + 46, each.sentence, 24);
    y = page.paragraph(MARGIN, y + 4, said.join(" · "), 21);
    y = page.paragraph(MARGIN, y + 4, each.caution, 19, QUIET);
    y = page.paragraph(MARGIN, y, `By another network, ${each.model}.`, 19, QUIET);
  }
  y = page.paragraph(MARGIN, page.rule(y + 32) + 24, report.note, 21);
  const warnings = report.fairness.slice(0, MOST_GAPS);
  if (report.fairness.length > MOST_GAPS) warnings.push(`${report.fairness.length - MOST_GAPS} more such warnings are in the model card.`);
  for (const text of warnings) y = page.paragraph(MARGIN, y + 6, text, 19, QUIET);
  const day = report.made.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  y = page.paragraph(MARGIN, y + 6, `${report.model} · ${report.detector} · Facelens ${report.version} · ${day} (UTC)`, 19, QUIET);
  y = page.paragraph(MARGIN, y, report.licence, 19, QUIET);
  return page.paragraph(MARGIN, y, report.project, 19, BARS.yes) + 40;
}

/** The report as one tall picture. */
export function asPicture(report) {
  const shown = picturesOf(report);
  const page = pen(WIDTH, draw(pen(WIDTH, 1, "white"), report, shown), "white");
  draw(page, report, shown);
  return page.bytes();
}

/** A card to share: a face, its map, and three words. */
export function asCard(report) {
  const [width, height, seen, line, margin] = [1200, 630, 424, 4, 32];
  const tall = [514, height];
  const page = pen(width, height, CARD);
  const face = aligned(report, blurred(report), tall);
  const heat = report.chosen.judgement ? { ...report, heat: { ...report.heat, values: report.heat.values.map(() => 0) } } : report;
  for (const [i, picture] of [face, heated(heat, face)].entries()) {
    page.context.drawImage(picture, (tall[0] - seen) / 2, 0, seen, height, i * (seen + line), 0, seen, height);
  }
  const x = 2 * (seen + line) + margin;
  const inner = width - x - margin;
  page.write(x, 48, "A neural network reads", 21, QUIET);
  const where = report.chosen.judgement || !isLit(report) ? "" : `Bright: speaks for ${report.chosen.yes}.`;
  const small = [where, report.note].filter(Boolean).flatMap((text) => page.wrap(text, 16, inner));
  const top = height - 44 - (small.length + (report.project ? 1 : 0)) * leading(16);
  small.forEach((text, i) => { page.write(x, top + i * leading(16), text, 16, QUIET); });
  const address = report.project.replace(/^https?:\/\//, "").replace(/\.git$/, "");
  page.write(x, top + small.length * leading(16) + 8, page.fit(address, 16, inner), 16, BARS.yes);
  const words = report.words.length ? report.words.slice(0, 3) : ["Nothing for sure"];
  const high = (size) => words.reduce((sum, word) => sum + 50 + page.wrap(word, size, inner, true).length * Math.round(1.15 * size), 0);
  const size = [46, 40, 34, 29].find((each) => high(each) <= top - 100) ?? 29;
  let y = 100;
  for (const word of words) {
    page.pill(x, y, 40, 4, BARS.yes, 2);
    y += 20;
    for (const text of page.wrap(word, size, inner, true)) {
      page.write(x, y, text, size, INK, { bold: true });
      y += Math.round(1.15 * size);
    }
    y += 30;
  }
  return page.bytes();
}
