"""Lay a face straight: five points, a similarity transform, a warp to CelebA's template."""

import cv2
import numpy as np

from facelens.faces.face import CROP_HEIGHT, CROP_WIDTH, Box

# Mean of YuNet's answers on aligned CelebA training crops: `python benchmarks/faces.py template`.
TEMPLATE = np.array(
    [[69.3, 112.0], [108.8, 112.1], [88.6, 134.5], [72.3, 151.7], [105.7, 152.0]], np.float32
)
TEMPLATE_BOX = Box(45.8, 68.2, 86.4, 114.6)


def similarity(
    source: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Fit the rotation, scale and shift that take `source` to `target` with least squared error.

    No mirror image: with complex numbers the fit is target = a * source + b (Umeyama 1991 in the
    plane). Points are (n, 2); the answer is float32 (2, 3).
    """
    share = np.ones(len(source)) if weights is None else np.asarray(weights, float)
    share = share / share.sum()
    z = np.asarray(source, float) @ [1, 1j]
    w = np.asarray(target, float) @ [1, 1j]
    z_mean, w_mean = share @ z, share @ w
    spread = share @ np.abs(z - z_mean) ** 2
    a = share @ (np.conj(z - z_mean) * (w - w_mean)) / spread if spread > 0 else 1.0 + 0j
    b = w_mean - a * z_mean
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]], np.float32)


def apply(warp: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Move (n, 2) points by a 2x3 transform."""
    return np.asarray(points @ warp[:, :2].T + warp[:, 2], np.float32)


def invert(warp: np.ndarray) -> np.ndarray:
    """Undo a 2x3 transform."""
    return np.asarray(cv2.invertAffineTransform(np.asarray(warp, np.float64)), np.float32)


def compose(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Join two 2x3 transforms into one that does `before`, then `after`."""
    linear = after[:, :2] @ before
    linear[:, 2] += after[:, 2]
    return np.asarray(linear, np.float32)


def scale_of(warp: np.ndarray) -> float:
    """Say how many template pixels one photo pixel becomes."""
    return float(np.hypot(warp[0, 0], warp[1, 0]))


def straighten(
    pixels: np.ndarray, warp: np.ndarray, size: tuple[int, int] = (CROP_WIDTH, CROP_HEIGHT)
) -> np.ndarray:
    """Warp a photo to the template (or to `size`, width first), its edge pixels repeated."""
    shrink = int(1 / max(scale_of(warp), 1e-6))
    if shrink >= 2:
        # A warp samples single pixels, so a much larger face would alias: average blocks first.
        pixels, warp = _shrunk(pixels, warp, shrink, size)
    return cv2.warpAffine(
        pixels, warp, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )


def _shrunk(
    pixels: np.ndarray, warp: np.ndarray, shrink: int, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    height, width = pixels.shape[:2]
    small = (max(width // shrink, 1), max(height // shrink, 1))
    pixels = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
    x, y = width / small[0], height / small[1]
    # Pixel centres: photo = (small + 0.5) * factor - 0.5.
    grown = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2]], np.float32)
    return pixels, compose(warp, grown)


def face_box(warp: np.ndarray) -> Box:
    """Give the upright box of a face in the photo from its warp alone.

    It has the place and size of `TEMPLATE_BOX` under the inverse warp and stays upright, so that
    every detector reports the same box for the same face.
    """
    scale = scale_of(warp)
    x, y = apply(invert(warp), np.array([TEMPLATE_BOX.centre]))[0]
    w, h = TEMPLATE_BOX.w / scale, TEMPLATE_BOX.h / scale
    return Box(float(x - w / 2), float(y - h / 2), w, h)
