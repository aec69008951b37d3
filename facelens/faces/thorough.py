"""Search once more where no face was found: with a lower score, brightened, enlarged."""

from collections.abc import Iterator
from time import monotonic

import cv2
import numpy as np

from facelens.faces import align, detect, face_of
from facelens.faces.face import Detection, Face
from facelens.photo import Photo

# Mean grey of a photo below which it is brightened, 0 to 255; a face is dark below 45.
DARK = 60.0
# Contrast limit and fields of the histogram equalisation (CLAHE: Zuiderveld, 1994).
CONTRAST, FIELDS = 3.0, (8, 8)
# A photo whose longest side is below this is enlarged by two, so that faces of 10 pixels are seen.
ENLARGED = 2048


def search_thoroughly(
    photo: Photo, *, detector: str | None = None, seconds: float = float("inf")
) -> list[Face]:
    """Detect faces that `find_faces` misses, largest first; more of them are no faces.

    The first of the tries that shows a face is the answer: both detectors in turn, on the photo,
    on a brightened copy if it is dark, on an enlarged one if it is small.

    Args:
        photo: the photo.
        detector: as in `find_faces`; the cascades look after it.
        seconds: no further try begins after this time.
    """
    end = monotonic() + seconds
    own = detect.open_detector(detector)
    others = [] if own.name == "haar" else [detect.open_detector("haar")]
    for pixels, warp in _variants(photo.pixels):
        for each in (own, *others):
            found = each.detect(pixels, finer=True, eager=True)
            if found:
                faces = [face_of(photo, _under(one, warp), each.name) for one in found]
                return sorted(faces, key=lambda face: face.box.w * face.box.h, reverse=True)
            if monotonic() > end:
                return []
    return []


def brightness(pixels: np.ndarray) -> float:
    """Return the mean grey of uint8 (h, w, 3) RGB pixels, 0 to 255."""
    return float(np.dot(cv2.mean(pixels)[:3], (0.299, 0.587, 0.114)))


def _variants(pixels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give the photo, and copies that may show more, each with the 2x3 from the photo to it."""
    same = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    yield pixels, same
    bright = _brightened(pixels) if brightness(pixels) < DARK else pixels
    if bright is not pixels:
        yield bright, same
    if max(pixels.shape[:2]) < ENLARGED:
        # Pixel centres: large = (photo + 0.5) * 2 - 0.5.
        twice = np.array([[2, 0, 0.5], [0, 2, 0.5]], np.float32)
        yield cv2.resize(bright, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), twice


def _brightened(pixels: np.ndarray) -> np.ndarray:
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.normalize(lab[..., 0], None, 0, 255, cv2.NORM_MINMAX)  # type: ignore[call-overload]
    lab[..., 0] = cv2.createCLAHE(CONTRAST, FIELDS).apply(lab[..., 0])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))


def _under(found: Detection, warp: np.ndarray) -> Detection:
    """Take a detection in a copy to the photo, which `warp` takes to the copy."""
    points = align.apply(align.invert(warp), found.landmarks)
    return Detection(align.compose(found.warp, warp), points, found.score, found.fit)
