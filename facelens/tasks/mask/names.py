"""The three classes of a face and its mask, spelled as in Kaggle's set, and how they are said."""

NAMES = ("with_mask", "without_mask", "mask_weared_incorrect")
WORN = "with_mask"
BARE = "without_mask"

LABELS = {
    "with_mask": "Mask",
    "without_mask": "No mask",
    "mask_weared_incorrect": "Mask worn wrongly",
}
# After "This face".
_SAID = {
    "with_mask": "wears a mask",
    "without_mask": "wears no mask",
    "mask_weared_incorrect": "wears a mask wrongly",
}

# On a box, and after a number of faces.
LETTERS = {"with_mask": "M", "without_mask": "N", "mask_weared_incorrect": "W"}
AMONG = {
    "with_mask": "with a mask",
    "without_mask": "without a mask",
    "mask_weared_incorrect": "with a mask worn wrongly",
}
# What a mask means for other answers about the face, and what a camera may warn of.
COVERED = "A mask covers half of this face."
WARNING = "Someone wears no mask."

CAUTION = (
    "A beard, a hand or a scarf may be taken for a mask, and a face that is small or turned away "
    "may be missed. Let nobody be turned away by this alone."
)
TERMS = "CC0 by Kaggle's page, not verified"


def said(name: str) -> str:
    """What is said of a face of the class `name`: "wears a mask"."""
    return _SAID.get(name, name.replace("_", " "))
