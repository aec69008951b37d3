// The browser's camera, for whatever takes pictures with it.
export const LONGEST = 1600;

/** Why no camera opened; `otherwise` says what may be done instead. */
export function cameraTrouble({ name }, otherwise = "") {
  const reasons = {
    NotAllowedError: "The browser was not allowed to use the camera. Allow it beside the page's address and try again",
    NotFoundError: "No camera was found here. Plug one in and try again",
    NotReadableError:
      "The camera gives no picture. Perhaps another program uses it: close that and try again",
    OverconstrainedError: "This camera is no longer there. Try again",
  };
  return `${reasons[name] ?? "The camera could not be opened. Try again"}${otherwise}.`;
}

/**
 * `picture` on white as JPEG, no side over `longest` and no more than `most` pixels. It is drawn at
 * once and encoded later; null where the browser has no canvas of that size.
 */
export function encode(
  picture, width, height, { longest = LONGEST, most = Infinity, quality = 0.92 } = {},
) {
  const scale = Math.min(1, longest / Math.max(width, height), Math.sqrt(most / (width * height)));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  // A canvas beyond the browser's limit stays transparent without a word.
  if (most < Infinity && !context.getImageData(0, 0, 1, 1).data[3]) return Promise.resolve(null);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
}

export function halt(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** The camera that is not in use: the one on the other side of a phone, else the next in the list. */
export async function otherCamera(track) {
  const { facingMode, deviceId } = track.getSettings();
  if (facingMode) return { facingMode: facingMode === "user" ? "environment" : "user" };
  const ids = (await cameras()).map((device) => device.deviceId);
  return { deviceId: { exact: ids[(ids.indexOf(deviceId) + 1) % ids.length] } };
}

export async function cameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === "videoinput");
}
