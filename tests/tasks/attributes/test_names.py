"""The forty attributes, their groups and words."""

import pytest

from facelens.tasks.attributes import names
from facelens.tasks.attributes.names import CELEBA, GROUPS, NAMES, describe

JUDGEMENTS = {
    "Attractive", "Chubby", "Double_Chin", "Big_Nose", "Big_Lips", "Pale_Skin", "Male", "Young",
}  # fmt: skip


def test_forty_in_celebas_order():
    assert len(NAMES) == len(set(NAMES)) == 40
    assert list(NAMES) == sorted(NAMES, key=str.lower)
    assert (NAMES[0], NAMES[-1]) == ("5_o_Clock_Shadow", "Young")


def test_exactly_the_eight_judgements_are_folded():
    assert {a.name for a in CELEBA if a.is_judgement} == JUDGEMENTS
    assert len([a for a in CELEBA if not a.is_judgement]) == 32


def test_every_attribute_can_be_shown():
    for attribute in CELEBA:
        assert attribute.group in GROUPS, attribute.name
        assert "_" not in attribute.label + attribute.yes + attribute.no, attribute.name
        assert attribute.label[0].isupper() or attribute.label[0].isdigit()
        assert attribute.yes != attribute.no


def test_no_two_rows_look_the_same():
    for column in ("label", "yes", "no"):
        texts = [getattr(attribute, column) for attribute in CELEBA]
        assert len(set(texts)) == 40, column


def test_the_ones_that_people_disagree_on_say_so():
    for name in ("High_Cheekbones", "Pointy_Nose", "Oval_Face", "Big_Lips", "Narrow_Eyes"):
        assert describe(name).note, name


def test_another_list_of_attributes_can_be_shown_too():
    mine = describe("wearing_red_scarf")
    assert (mine.label, mine.yes) == ("Wearing red scarf", "wearing red scarf")
    assert not mine.is_judgement
    assert names.group_title(mine.group) == "Attributes"


@pytest.mark.data
def test_the_names_are_those_of_the_data(data_dir):
    from facelens.data.parquet import bool_columns

    assert tuple(bool_columns(data_dir / "celeba")) == NAMES
