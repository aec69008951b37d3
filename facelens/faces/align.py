"""Align a face: five landmarks, a similarity transform, a warp to CelebA's template."""

import cv2
import numpy as np

from facelens.faces.face import CROP_HEIGHT, CROP_WIDTH, Box

# Mean of YuNet's answers on aligned CelebA training crops: `python benchmarks/faces.py template`.
TEMPLATE = np.array(
    [[69.2, 112.1], [108.4, 112.4], [88.2, 134.8], [72.1, 152.0], [105.2, 152.6]], np.float32
)
TEMPLATE_BOX = Box(46.2, 68.8, 86.3, 115.1)

# A warp samples points, so a face much larger than the template would alias: it is averaged down to
# this scale first. Measured against finely sampled warps of portraits, averaging and then linear
# interpolation is closest; cubic is closer only if a face is enlarged.
MIN_SCALE = 0.65


def similarity(
    source: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Fit the rotation, scale and shift from `source` to `target` by weighted least squares.

    Reflections are excluded: in complex numbers the fit is target = a * source + b (Umeyama, 1991,
    in the plane). Points are (n, 2); the result is float32 (2, 3).
    """
    share = np.ones(len(source)) if weights is None else np.asarray(weights, float)
    share = share / share.sum()
    z = np.asarray(source, float) @ [1, 1j]
    w = np.asarray(target, float) @ [1, 1j]
    z_mean, w_mean = share @ z, share @ w
    variance = share @ np.abs(z - z_mean) ** 2
    a = share @ (np.conj(z - z_mean) * (w - w_mean)) / variance if variance > 0 else 1.0 + 0j
    b = w_mean - a * z_mean
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]], np.float32)


def apply(warp: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Apply a 2x3 transform to (n, 2) points."""
    return np.asarray(points @ warp[:, :2].T + warp[:, 2], np.float32)


def invert(warp: np.ndarray) -> np.ndarray:
    """Invert a 2x3 transform."""
    return np.asarray(cv2.invertAffineTransform(np.asarray(warp, np.float64)), np.float32)


def compose(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Compose two 2x3 transforms: first `before`, then `after`."""
    linear = after[:, :2] @ before
    linear[:, 2] += after[:, 2]
    return np.asarray(linear, np.float32)


def scale_of(warp: np.ndarray) -> float:
    """Return the scale of a warp: template pixels per photo pixel."""
    return float(np.hypot(warp[0, 0], warp[1, 0]))


def align_face(
    pixels: np.ndarray, warp: np.ndarray, size: tuple[int, int] = (CROP_WIDTH, CROP_HEIGHT)
) -> np.ndarray:
    """Warp a photo to the template (or to `size`, width first), replicating its edge pixels."""
    return sample(*reduce(pixels, warp, size), size)


def sample(
    pixels: np.ndarray, warp: np.ndarray, size: tuple[int, int] = (CROP_WIDTH, CROP_HEIGHT)
) -> np.ndarray:
    """Warp pixels that are at most a little finer than the template."""
    sampling = cv2.INTER_CUBIC if scale_of(warp) > 1 else cv2.INTER_LINEAR
    return cv2.warpAffine(pixels, warp, size, flags=sampling, borderMode=cv2.BORDER_REPLICATE)


def reduce(
    pixels: np.ndarray,
    warp: np.ndarray,
    size: tuple[int, int] = (CROP_WIDTH, CROP_HEIGHT),
    margin: float = 4,
) -> tuple[np.ndarray, np.ndarray]:
    """Crop the part that a warp shows of a much larger face and average it down to `MIN_SCALE`.

    Returns the pixels and the warp to sample them with; both as they are if the face is no larger.

    Args:
        margin: kept around what the warp shows, in the smaller pixels.
    """
    if scale_of(warp) >= MIN_SCALE:
        return pixels, warp
    scale = scale_of(warp) / MIN_SCALE
    corners = np.array([[0, 0], [size[0], 0], [0, size[1]], size], np.float32)
    seen = apply(invert(warp), corners)
    around, limit = margin / scale, np.array(pixels.shape[1::-1])
    left, top = np.clip(np.floor(seen.min(0) - around), 0, limit - 1).astype(int)
    right, bottom = np.clip(np.ceil(seen.max(0) + around), (left + 1, top + 1), limit).astype(int)
    part = pixels[top:bottom, left:right]
    height, width = part.shape[:2]
    small = (max(round(width * scale), 1), max(round(height * scale), 1))
    x, y = width / small[0], height / small[1]
    # Pixel centres: photo = (small + 0.5) * factor - 0.5 + corner.
    back = np.array([[x, 0, (x - 1) / 2 + left], [0, y, (y - 1) / 2 + top]])
    return cv2.resize(part, small, interpolation=cv2.INTER_AREA), compose(warp, back)


def face_box(warp: np.ndarray) -> Box:
    """Return the upright box of a face in the photo, from its warp alone.

    It has the centre and size of `TEMPLATE_BOX` under the inverse warp and stays upright, so every
    detector reports the same box for the same face.
    """
    scale = scale_of(warp)
    x, y = apply(invert(warp), np.array([TEMPLATE_BOX.centre]))[0]
    w, h = TEMPLATE_BOX.w / scale, TEMPLATE_BOX.h / scale
    return Box(float(x - w / 2), float(y - h / 2), w, h)


def outside(warp: np.ndarray, width: int, height: int) -> float:
    """Return the share of a face's turned `TEMPLATE_BOX` outside a photo of this size, 0 to 1."""
    x, y, w, h = TEMPLATE_BOX
    corners = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)
    face = apply(invert(warp), corners)
    photo = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    inside = cv2.intersectConvexConvex(face, photo)[0]
    return float(np.clip(1 - inside / max(cv2.contourArea(face), 1e-6), 0, 1))
