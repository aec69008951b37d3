"""Convert pixels from the colours of their ICC profile to sRGB, as browsers do."""

import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

# The profile of a printing press has up to 3 MB.
MAX_PROFILE = 8_000_000
# A profile this near to sRGB, of 255, is one of the many spellings of it.
SAME = 2


def strips(height: int, width: int) -> list[slice]:
    """Cut a picture into strips of rows, about a megapixel each, to be converted one by one."""
    rows = max(1, 1_000_000 // max(1, width))
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]


def to_srgb(pixels: np.ndarray, profile: bytes, *, grey: bool = False) -> np.ndarray:
    """Convert uint8 pixels (h, w, 3) in place, or CMYK (h, w, 4) to new ones, to RGB in sRGB.

    A profile that is broken, or meant for other pixels, is ignored.

    Args:
        pixels: RGB or CMYK.
        profile: an ICC profile; empty if there is none.
        grey: the three channels are the same.
    """
    mode = "CMYK" if pixels.shape[2] == 4 else "L" if grey else "RGB"
    transform = transform_of(profile, mode) if profile else None
    if mode != "CMYK" and transform is None:
        return pixels
    out = np.empty((*pixels.shape[:2], 3), np.uint8) if mode == "CMYK" else pixels
    for rows in strips(*pixels.shape[:2]):
        if isinstance(transform, np.ndarray):
            out[rows] = transform[pixels[rows, :, 0]]
        else:
            out[rows] = _converted(_image(pixels[rows], mode), transform)
    return out


def _converted(image: "Image.Image", transform: Any) -> np.ndarray:
    from PIL import ImageCms

    return np.asarray(
        ImageCms.applyTransform(image, transform) if transform else image.convert("RGB")
    )


def _image(pixels: np.ndarray, mode: str) -> "Image.Image":
    from PIL import Image

    size = pixels.shape[1::-1]
    return Image.frombuffer(mode, size, np.ascontiguousarray(pixels), "raw", mode, 0, 1)


@lru_cache(maxsize=8)
def transform_of(profile: bytes, mode: str) -> Any:
    """Say how the colours of a profile become sRGB.

    A transform of Pillow's for `mode` RGB and CMYK, a table (256, 3) for L; None if the colours
    are sRGB already or the profile is of no use.
    """
    from PIL import ImageCms

    if len(profile) > MAX_PROFILE:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        given = {"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "L"}[source.profile.xcolor_space]
        transform = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), given, "RGB", ImageCms.Intent.PERCEPTUAL
        )
    except Exception:  # noqa: BLE001 - a hostile profile may raise anything
        return None
    if given == "CMYK" or mode == "CMYK" or mode != given != "RGB":
        return transform if given == mode else None
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 256, 1)
    if mode == "L":
        probe = np.repeat(ramp, 3 if given == "RGB" else 1, axis=2)
    else:
        probe = np.stack(np.meshgrid(*3 * [ramp[0, ::15, 0]]), axis=-1).reshape(1, -1, 3)
    seen = _converted(_image(probe, given), transform)
    if np.abs(seen.astype(int) - probe).max() <= SAME:
        return None
    return seen[0].copy() if mode == "L" else transform
