"""Find the faces in a photo and align them."""

from facelens.faces import align, detect
from facelens.faces.face import CROP_HEIGHT, CROP_WIDTH, Box, Detection, Face
from facelens.faces.quality import hints
from facelens.photo import Photo

__all__ = ["CROP_HEIGHT", "CROP_WIDTH", "Box", "Face", "detector_in_use", "find_faces"]


def find_faces(photo: Photo, *, detector: str | None = None) -> list[Face]:
    """Find every face of a photo, largest first, each aligned.

    Args:
        photo: where to look.
        detector: `auto`, `haar`, `yunet` or `yunet:PATH`; by default what FACELENS_DETECTOR says,
            else `auto`, which is YuNet if its file is in the cache and the cascades if not.

    Raises:
        DetectorError: the detector is unknown, missing or damaged.
    """
    finder = detect.open_detector(detector)
    faces = [face_of(photo, found, finder.name) for found in finder.find(photo.pixels)]
    return sorted(faces, key=lambda face: face.box.w * face.box.h, reverse=True)


def face_of(photo: Photo, found: Detection, detector: str) -> Face:
    """Align what `detector` found."""
    crop = align.align_face(photo.pixels, found.warp)
    box = align.face_box(found.warp)
    seen = found.landmarks if detector == "yunet" else None
    return Face(
        box, found.confidence, found.landmarks, found.warp, crop, detector, hints(crop, box.w, seen)
    )


def detector_in_use(spec: str | None = None) -> str:
    """Say which detector `spec` comes to: `yunet` or `haar`."""
    return detect.resolve(spec)[0]
