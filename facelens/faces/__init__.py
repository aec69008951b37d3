"""Detect the faces of a photo and align them."""

from facelens.faces import align, detect
from facelens.faces.face import CROP_HEIGHT, CROP_WIDTH, Box, Detection, Face
from facelens.faces.quality import hints
from facelens.photo import Photo

__all__ = ["CROP_HEIGHT", "CROP_WIDTH", "Box", "Face", "detector_in_use", "find_faces"]


def find_faces(photo: Photo, *, detector: str | None = None) -> list[Face]:
    """Detect and align every face of a photo, largest first.

    A large photo that shows no face at first, or only small ones, is searched at finer levels
    (`facelens.faces.search`).

    Args:
        photo: the photo.
        detector: `auto`, `own`, `haar`, `hog`, `yunet` or `yunet:PATH`; by default
            FACELENS_DETECTOR, else `auto`, which is YuNet if its file is in the cache and the
            cascades if not.

    Raises:
        DetectorError: the detector is unknown, missing or damaged.
        MissingExtraError: `hog` without the package that it needs.
    """
    opened = detect.open_detector(detector)
    found = opened.detect(photo.pixels, finer=True)
    faces = [face_of(photo, each, opened.name) for each in found]
    return sorted(faces, key=lambda face: face.box.w * face.box.h, reverse=True)


def face_of(photo: Photo, found: Detection, detector: str) -> Face:
    """Align the face that `detector` has detected."""
    crop = align.align_face(photo.pixels, found.warp)
    box = align.face_box(found.warp)
    # Landmarks of the cascades and of HOG follow from the warp, so they do not show a turned head.
    landmarks = found.landmarks if detector not in ("haar", "hog") else None
    reasons = (
        *hints(
            crop,
            box.w,
            landmarks,
            fit=found.fit,
            outside=align.outside(found.warp, photo.width, photo.height),
        ),
        *photo.hints,
    )
    return Face(box, found.score, found.landmarks, found.warp, crop, detector, reasons)


def detector_in_use(spec: str | None = None) -> str:
    """Name the detector that `spec` resolves to: `yunet`, `own`, `haar` or `hog`."""
    return detect.resolve(spec)[0]
