"""A photo of many small faces, all of them the bundled one."""

from pathlib import Path

import cv2
import numpy as np

from facelens.faces import find_faces
from facelens.photo import Photo, read_photo


def head_of(file: Path) -> tuple[np.ndarray, float]:
    """The head of the bundled photo, and the width of its face."""
    pixels = read_photo(file).pixels
    (found,) = find_faces(Photo(pixels), detector="haar")
    return np.ascontiguousarray(pixels[10:220, 130:320]), found.box.w


def crowd(head: tuple[np.ndarray, float], count: int, wide: int, width: int, height: int) -> Photo:
    """`count` faces of `wide` pixels, evenly in a grey photo."""
    pixels, known = head
    scale = wide / known
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=how)
    h, w = small.shape[:2]
    photo = np.full((height, width, 3), 140, np.uint8)
    columns = min(count, width // (w + 4))
    rows = -(-count // columns)
    for n in range(count):
        x = round((n % columns + 0.5) * width / columns - w / 2)
        y = round((n // columns + 0.5) * height / rows - h / 2)
        photo[y : y + h, x : x + w] = small
    return Photo(photo)
