// Files of photos: which are some, what they look like, and what of them is sent.
import { bare } from "./jpeg.js";
import { encode } from "./lens.js";

// One websocket message carries the photo, and the server drops what is over 10 MiB.
export const LARGEST_RAW = 9 * 1024 * 1024;
// What is sent where the kernel asks for more, because faces are small: 6000 x 4000, which is 72 MB
// of pixels in its memory; and no side longer than canvases may be.
const MOST = 24e6;
const LONGEST_CANVAS = 16384;

/** The photo upright, or null if the browser cannot read it. */
export async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
}

/**
 * The bytes of a photo with as many of its pixels as one message carries, or null. A JPEG goes as it
 * is, for to encode it again moves the answers; only its metadata stay here.
 */
export async function enlarge(file) {
  const bitmap = await decode(file);
  if (!bitmap) return null;
  const { width, height } = bitmap;
  let bytes = null;
  if (file.size <= LARGEST_RAW && width * height <= MOST)
    bytes = bare(new Uint8Array(await file.arrayBuffer()));
  for (let most = MOST; most > MOST / 10 && !bytes; most /= 2) {
    const blob = await encode(bitmap, width, height, { longest: LONGEST_CANVAS, most });
    if (blob?.size <= LARGEST_RAW) bytes = new Uint8Array(await blob.arrayBuffer());
  }
  bitmap.close();
  return bytes?.buffer;
}

export const isHeic = ({ name, type }) => /\.hei[cf]$/i.test(name) || /^image\/hei[cf]/.test(type);
/** The pictures among `files`, or the first of what may be one under another name. */
export function picturesIn(files) {
  const all = [...files];
  const some = all.filter((file) => file.type.startsWith("image/") || isHeic(file));
  return some.length ? some : all.slice(0, 1);
}
