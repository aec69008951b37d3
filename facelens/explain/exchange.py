"""Exchange a region between two faces: a counterfactual without a generator.

Both crops are aligned to one template, so a region lies at the same place in both, and what changes
in the answers is due to it: to what it shows, and a little to its seam (the idea of Goyal et al.,
"Counterfactual Visual Explanations", 2019, with whole regions and pixels instead of features).
"""

from functools import cache
from typing import Literal, get_args

import cv2
import numpy as np

from facelens.faces import CROP_HEIGHT, CROP_WIDTH

Region = Literal["eyes", "mouth", "hair"]
REGIONS: tuple[Region, ...] = get_args(Region)

# In pixels of the crop, 178 wide and 218 high; an ellipse is its centre and its half axes. They lie
# around the landmarks of `facelens.faces.align.TEMPLATE`: eyes at (69, 112) and (108, 112), the
# mouth's corners at (72, 152) and (105, 153), 39 pixels between the eyes.
EYES = (88.8, 110.0), (40.0, 17.0)  # with the eyebrows, and most of a pair of glasses
MOUTH = (88.6, 157.0), (29.0, 16.0)  # from below the nose to above the chin
FACE = (88.8, 136.0), (45.0, 46.0)  # from the eyebrows to the chin: what is not hair
# Rows: from the nose's tip down, what lies beside a face is collar as often as hair; it fades.
HAIR_FADES = 130, 180
FEATHER = 13  # pixels over which one face passes into the other
# Left, top, right, bottom: the cheeks, where nearly every face shows skin.
CHEEKS = (54, 126, 72, 143), (105, 126, 123, 143)
MOST = 1.6  # colours are matched by at most this factor


@cache
def mask(region: Region) -> np.ndarray:
    """How much of a region is the donor's, float32 (218, 178), 0 to 1, soft at the edge."""
    hard = np.zeros((CROP_HEIGHT, CROP_WIDTH), np.float32)
    if region == "hair":
        hard += np.interp(np.arange(CROP_HEIGHT), HAIR_FADES, (1, 0))[:, None]
        _fill(hard, FACE, 0)
    else:
        _fill(hard, EYES if region == "eyes" else MOUTH, 1)
    soft = cv2.GaussianBlur(hard, (FEATHER, FEATHER), 0, borderType=cv2.BORDER_REPLICATE)
    soft = soft.round(3)  # sums of the filter's weights are one only nearly
    soft.setflags(write=False)
    return soft


def exchange(crop: np.ndarray, donor: np.ndarray, region: Region) -> np.ndarray:
    """The face `crop` with a region of the face `donor`, uint8 (218, 178, 3).

    The donor's colours are multiplied, each channel by one factor of at most `MOST`, so that the
    cheeks of both faces have the same mean colour. Hair keeps its own: its colour is what is asked
    about. It brings along the forehead and what is behind it.

    Args:
        crop: uint8 (218, 178, 3).
        donor: uint8 (218, 178, 3).
    """
    gain = 1.0 if region == "hair" else _gain(crop, donor)
    share = mask(region)[..., None]
    given = np.clip(donor * gain, 0, 255)
    return np.rint(share * given + (1 - share) * crop).astype(np.uint8)


def _gain(crop: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """By how much the donor's colours are multiplied, float (3,)."""
    cheeks = [(slice(top, low), slice(left, right)) for left, top, right, low in CHEEKS]
    here, there = (
        np.concatenate([face[cheek].reshape(-1, 3) for cheek in cheeks]).mean(0)
        for face in (crop, donor)
    )
    return np.clip((here + 1) / (there + 1), 1 / MOST, MOST)


def _fill(
    picture: np.ndarray, ellipse: tuple[tuple[float, float], tuple[float, float]], value: float
) -> None:
    (x, y), (across, down) = ellipse
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    # To the fourth power: fuller towards its corners than an ellipse, as a pair of eyes is.
    picture[((columns - x) / across) ** 4 + ((rows - y) / down) ** 4 <= 1] = value
