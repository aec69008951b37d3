"""CelebA's 40 attributes: names, groups and plain words, defined only here."""

from collections.abc import Sequence
from dataclasses import dataclass

GROUPS = {
    "hair": "Hair",
    "beard": "Beard",
    "eyes": "Eyes and brows",
    "nose_mouth": "Nose and mouth",
    "skin": "Face and skin",
    "expression": "Expression",
    "accessories": "Accessories",
    "judgements": "Judgements about people",
}

JUDGEMENTS_NOTE = (
    "These are opinions that strangers clicked on photos of celebrities, not facts about "
    "anyone. They are here because the data set has them, so that you can see what a network "
    "makes of such labels."
)


@dataclass(frozen=True)
class Attribute:
    """One yes/no question about a face.

    `label`: the name of its row; `yes` and `no` complete a sentence ("Fairly sure: …").
    `note`: why the answer is less reliable, empty if it is not.
    `no_is_news`: a no is worth mentioning ("not smiling"), unlike most ("no hat").
    `shifted`: labelled by another standard in the test split than in the validation split.
    """

    name: str
    group: str
    label: str
    yes: str
    no: str
    note: str = ""
    no_is_news: bool = False
    shifted: bool = False

    @property
    def is_judgement(self) -> bool:
        return self.group == "judgements"


_NEAR_CHANCE = "People who label the same face disagree about this nearly as often as by chance."
_SPLITS_DIFFER = "CelebA's validation and test faces were labelled by different standards here."
_OPINION = "An opinion of whoever labelled the photo, not a fact about the person."
_HIDDEN = "Often outside the picture or hidden by hair, so a no means little."
_CUT = "Often cut off, tied up or under a hat, so a no means little."
_BELOW = "Often below the edge of the picture, so a no means little."
_FAINT = "Hard to see in a small picture; light and make-up change it."

CELEBA: tuple[Attribute, ...] = (
    Attribute("5_o_Clock_Shadow", "beard", "Five o'clock shadow", "a shadow of a beard",
              "no shadow of a beard"),
    Attribute("Arched_Eyebrows", "eyes", "Arched eyebrows", "arched eyebrows",
              "no arched eyebrows", _FAINT),
    Attribute("Attractive", "judgements", "Labelled “attractive”", "labelled attractive",
              "not labelled attractive", _OPINION),
    Attribute("Bags_Under_Eyes", "eyes", "Bags under the eyes", "bags under the eyes",
              "no bags under the eyes", _FAINT),
    Attribute("Bald", "hair", "Bald", "bald", "not bald"),
    Attribute("Bangs", "hair", "Bangs", "bangs", "no bangs"),
    Attribute("Big_Lips", "judgements", "Labelled “big lips”", "labelled big lips",
              "not labelled big lips", f"{_OPINION} {_SPLITS_DIFFER}", shifted=True),
    Attribute("Big_Nose", "judgements", "Labelled “big nose”", "labelled big nose",
              "not labelled big nose", _OPINION),
    Attribute("Black_Hair", "hair", "Black hair", "black hair", "no black hair"),
    Attribute("Blond_Hair", "hair", "Blond hair", "blond hair", "no blond hair"),
    Attribute("Blurry", "skin", "Blurry picture", "a blurry picture", "a sharp picture"),
    Attribute("Brown_Hair", "hair", "Brown hair", "brown hair", "no brown hair",
              "Light decides whether hair looks brown or black."),
    Attribute("Bushy_Eyebrows", "eyes", "Bushy eyebrows", "bushy eyebrows", "no bushy eyebrows"),
    Attribute("Chubby", "judgements", "Labelled “chubby”", "labelled chubby",
              "not labelled chubby", _OPINION),
    Attribute("Double_Chin", "judgements", "Labelled “double chin”", "labelled double chin",
              "not labelled double chin", _OPINION),
    Attribute("Eyeglasses", "accessories", "Eyeglasses", "eyeglasses", "no eyeglasses",
              no_is_news=True),
    Attribute("Goatee", "beard", "Goatee", "a goatee", "no goatee"),
    Attribute("Gray_Hair", "hair", "Gray hair", "gray hair", "no gray hair"),
    Attribute("Heavy_Makeup", "skin", "Heavy make-up", "heavy make-up", "no heavy make-up"),
    Attribute("High_Cheekbones", "skin", "High cheekbones", "high cheekbones",
              "no high cheekbones", f"{_NEAR_CHANCE} In CelebA it mostly follows smiling."),
    Attribute("Male", "judgements", "Labelled “male”", "labelled male", "not labelled male",
              "A label given by the look of a photo; it says nothing about anyone's gender."),
    Attribute("Mouth_Slightly_Open", "expression", "Mouth slightly open", "mouth slightly open",
              "mouth closed", no_is_news=True),
    Attribute("Mustache", "beard", "Mustache", "a mustache", "no mustache"),
    Attribute("Narrow_Eyes", "eyes", "Narrow eyes", "narrow eyes", "no narrow eyes",
              _SPLITS_DIFFER, shifted=True),
    Attribute("No_Beard", "beard", "No beard", "no beard", "a beard", no_is_news=True),
    Attribute("Oval_Face", "skin", "Oval face", "an oval face", "no oval face", _NEAR_CHANCE),
    Attribute("Pale_Skin", "judgements", "Labelled “pale skin”", "labelled pale skin",
              "not labelled pale skin", f"{_OPINION} Light and camera change it."),
    Attribute("Pointy_Nose", "nose_mouth", "Pointy nose", "a pointy nose", "no pointy nose",
              _NEAR_CHANCE),
    Attribute("Receding_Hairline", "hair", "Receding hairline", "a receding hairline",
              "no receding hairline"),
    Attribute("Rosy_Cheeks", "skin", "Rosy cheeks", "rosy cheeks", "no rosy cheeks", _FAINT),
    Attribute("Sideburns", "beard", "Sideburns", "sideburns", "no sideburns"),
    Attribute("Smiling", "expression", "Smiling", "smiling", "not smiling",
              no_is_news=True),
    Attribute("Straight_Hair", "hair", "Straight hair", "straight hair", "no straight hair",
              _CUT),
    Attribute("Wavy_Hair", "hair", "Wavy hair", "wavy hair", "no wavy hair", _CUT),
    Attribute("Wearing_Earrings", "accessories", "Earrings", "earrings", "no earrings", _HIDDEN),
    Attribute("Wearing_Hat", "accessories", "Hat", "a hat", "no hat"),
    Attribute("Wearing_Lipstick", "nose_mouth", "Lipstick", "lipstick", "no lipstick"),
    Attribute("Wearing_Necklace", "accessories", "Necklace", "a necklace", "no necklace",
              _BELOW),
    Attribute("Wearing_Necktie", "accessories", "Necktie", "a necktie", "no necktie", _BELOW),
    Attribute("Young", "judgements", "Labelled “young”", "labelled young", "not labelled young",
              _OPINION),
)  # fmt: skip

# Easy to see, and they change while one watches.
_EVERYDAY = ("Smiling", "Mouth_Slightly_Open", "Eyeglasses", "No_Beard")

NAMES: tuple[str, ...] = tuple(attribute.name for attribute in CELEBA)
_BY_NAME = {attribute.name: attribute for attribute in CELEBA}


def describe(name: str) -> Attribute:
    """The attribute called `name`; a generic one if it is not CelebA's."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    words = name.replace("_", " ").strip()
    return Attribute(name, "other", words.capitalize(), words.lower(), f"not {words.lower()}")


def group_title(group: str) -> str:
    """A heading for a group of rows."""
    return GROUPS.get(group, "Attributes")


def everyday(names: Sequence[str]) -> tuple[str, ...]:
    """The few of `names` to show by default if there is no room for all, without judgements."""
    plain = [name for name in names if not describe(name).is_judgement]
    return tuple(name for name in _EVERYDAY if name in plain) or tuple(plain[: len(_EVERYDAY)])
