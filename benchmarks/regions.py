"""Where on an aligned crop the evidence for an attribute can lie: rows of a pointing game.

CelebA's template of 178 x 218 pixels has the eyes at row 111, the tip of the nose at 136 and the
corners of the mouth at 152 (facelens/faces/align.py). A region is a band of rows around the part
that an attribute names; attributes of the whole face, of its texture and judgements have none. The
game is that of Zhang et al. (2018, "Top-down neural attention by excitation backprop"): a map hits
if its strongest field lies within.
"""

import numpy as np

from facelens.faces import CROP_HEIGHT

# First and last row of the crop.
REGIONS = {
    "Smiling": (136, 172),
    "Mouth_Slightly_Open": (136, 172),
    "Wearing_Lipstick": (136, 172),
    "Big_Lips": (136, 172),
    "Mustache": (128, 165),
    "Eyeglasses": (92, 130),
    "Narrow_Eyes": (92, 130),
    "Bags_Under_Eyes": (100, 138),
    "Arched_Eyebrows": (80, 118),
    "Bushy_Eyebrows": (80, 118),
    "Bangs": (30, 104),
    "Bald": (0, 90),
    "Receding_Hairline": (20, 100),
    "Goatee": (150, 195),
    "Double_Chin": (160, 218),
    "Wearing_Necktie": (180, 218),
    "Wearing_Necklace": (175, 218),
    "Wearing_Hat": (0, 95),
}
# Attributes that fewer faces have say nothing yet.
LEAST = 10


def hits(values: np.ndarray, name: str) -> bool:
    """Whether the centre of the strongest field of a map (h, w) lies in the attribute's rows."""
    row = np.unravel_index(np.argmax(values), values.shape)[0]
    first, last = REGIONS[name]
    return bool(first <= (row + 0.5) * CROP_HEIGHT / values.shape[0] <= last)


def pointing(game: dict[str, list[bool]]) -> dict[str, float]:
    """The share of hits of each attribute that enough faces have."""
    return {name: float(np.mean(found)) for name, found in game.items() if len(found) >= LEAST}
