import { cameras, halt, otherCamera } from "./lens.js";

/** The browser's camera in `video`, opened and let go.
 *
 * `on` hears what becomes of it: `arrived` before its first picture, `playing(several)` with it and
 * whether there are other cameras, `picture` with each, `refused(error)`, `ended`, `muted`,
 * `unmuted`, `unplugged`, and `back(wish)` when the one that was unplugged is there again.
 */
export function cameraStream(video, on) {
  let stream = null;
  let awaited = null; // a camera that was asked for
  let wished = null; // which one was asked for last
  let lost = null; // the camera that was unplugged: its id, and whether it has gone from the list
  let mirrored = true;

  function close() {
    awaited = lost = null;
    halt(stream);
    stream = null;
    video.srcObject = null;
  }

  async function open(wish) {
    close(); // a phone opens its second camera only when the first is closed
    wished = wish;
    const mine = {};
    awaited = mine;
    let arrived;
    try {
      const video = { width: { ideal: 1280 }, frameRate: { ideal: 30 }, resizeMode: "none", ...wish };
      arrived = await navigator.mediaDevices.getUserMedia({ audio: false, video });
    } catch (error) {
      if (awaited === mine) on.refused(error);
      return;
    }
    if (awaited !== mine) halt(arrived);
    else await show(arrived);
  }

  async function show(arrived) {
    stream = arrived;
    const [track] = arrived.getVideoTracks();
    const { deviceId, facingMode } = track.getSettings();
    track.onended = () => {
      if (stream !== arrived) return;
      on.ended();
      lost = deviceId ? { deviceId, gone: false } : null;
      seek();
    };
    track.onmute = () => {
      if (stream === arrived && track.enabled) on.muted();
    };
    track.onunmute = on.unmuted;
    mirrored = facingMode !== "environment";
    video.classList.toggle("mirrored", mirrored);
    video.srcObject = arrived;
    on.arrived();
    let several;
    try {
      await video.play();
      several = (await cameras()).length > 1;
    } catch (error) {
      if (stream === arrived) on.refused(error);
      return;
    }
    if (stream !== arrived) return;
    on.playing(several);
    watch(arrived);
  }

  /** Note each picture that the camera gives. */
  function watch(mine) {
    const next = () => {
      if (stream !== mine) return;
      on.picture();
      watch(mine);
    };
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(next);
    else requestAnimationFrame(next);
  }

  /** The camera that was unplugged goes on when it is back, and no other in its place. */
  async function seek() {
    if (!lost) return;
    const mine = lost;
    const there = (await cameras()).some((each) => each.deviceId === mine.deviceId);
    if (lost !== mine) return;
    if (!there) {
      mine.gone = true;
      on.unplugged();
    } else if (mine.gone) {
      on.back({ deviceId: { exact: mine.deviceId } });
    }
  }

  return {
    open,
    close,
    seek,
    get isOpen() {
      return stream !== null;
    },
    get mirrored() {
      return mirrored;
    },
    get wished() {
      return wished;
    },
    /** Whether the camera is to take pictures. */
    enable(yes) {
      for (const track of stream?.getVideoTracks() ?? []) track.enabled = yes;
    },
    /** What to ask for to get the camera that is not in use; null if this one is gone by then. */
    async other() {
      const used = stream;
      const wish = await otherCamera(used.getVideoTracks()[0]);
      return stream === used ? wish : null;
    },
  };
}
