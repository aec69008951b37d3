// A JPEG file without what it says of the camera, the place and the hour.

const START = 0xd8;
const END = 0xd9;
const SCAN = 0xda;
const COMMENT = 0xfe;
const ORIENTATION = 0x0112; // Exif 2.32

const isApplication = (marker) => marker >= 0xe0 && marker <= 0xef;
// JFIF, and Adobe's note of how colours are coded.
const isNeeded = (marker) => marker === 0xe0 || marker === 0xee;
const text = (bytes, at, length) => String.fromCharCode(...bytes.subarray(at, at + length));

/** The bytes of `file`, pixels and colour profile untouched; null unless it is a whole JPEG. */
export function bare(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const kept = [];
  let orientation = 1;
  try {
    if (view.getUint16(0) !== 0xff00 + START) return null;
    let at = 2;
    for (;;) {
      while (view.getUint8(at) === 0xff && view.getUint8(at + 1) === 0xff) at += 1;
      if (view.getUint8(at) !== 0xff) return null;
      const marker = view.getUint8(at + 1);
      if (marker === END) break;
      let end = at + 2 + view.getUint16(at + 2);
      if (end > file.length) return null;
      if (marker === SCAN) end = endOfScan(file, end);
      if (marker === 0xe1 && text(file, at + 4, 6) === "Exif\0\0")
        orientation = orientationOf(new DataView(view.buffer, view.byteOffset + at + 10, end - at - 10));
      const profile = marker === 0xe2 && text(file, at + 4, 12) === "ICC_PROFILE\0";
      if ((!isApplication(marker) && marker !== COMMENT) || isNeeded(marker) || profile)
        kept.push(file.subarray(at, end));
      at = end;
    }
  } catch (error) {
    if (error instanceof RangeError) return null; // it ends too early
    throw error;
  }
  return joined([Uint8Array.of(0xff, START), exif(orientation), ...kept, Uint8Array.of(0xff, END)]);
}

/** Where the coded pixels end that begin at `at`: at a marker that is neither escape nor restart. */
function endOfScan(file, at) {
  for (;;) {
    at = file.indexOf(0xff, at);
    if (at < 0) throw new RangeError("no end");
    const next = file[at + 1];
    if (next && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
    at += next === 0xff ? 1 : 2;
  }
}

function orientationOf(tiff) {
  try {
    const little = tiff.getUint16(0) === 0x4949;
    const first = tiff.getUint32(4, little);
    for (let n = 0; n < tiff.getUint16(first, little); n += 1) {
      const entry = first + 2 + 12 * n;
      if (tiff.getUint16(entry, little) === ORIENTATION) return tiff.getUint16(entry + 8, little);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}

/** A segment that says how the photo is to be turned, and nothing else. */
function exif(orientation) {
  if (!(orientation > 1 && orientation < 9)) return new Uint8Array();
  return Uint8Array.of(
    0xff, 0xe1, 0, 34, ...[..."Exif\0\0MM"].map((letter) => letter.charCodeAt(0)), 0, 42,
    0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0,
  );
}

function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
