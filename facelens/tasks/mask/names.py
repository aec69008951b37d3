"""The three classes of a face and its mask, spelled as in Kaggle's set, and how they are said."""

NAMES = ("with_mask", "without_mask", "mask_weared_incorrect")
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

CAUTION = (
    "A beard, a hand or a scarf may be taken for a mask, and a face that is small or turned away "
    "may be missed. Let nobody be turned away by this alone."
)
TERMS = "CC0 by Kaggle's page, not verified"


def said(name: str) -> str:
    """What is said of a face of the class `name`: "wears a mask"."""
    return _SAID.get(name, name.replace("_", " "))
