"""A card says on whom its network errs more, or that this is not known."""

import json

import numpy as np
import pytest

from facelens.bundles.find import embedded_folder
from facelens.tasks import load_model
from facelens.tasks.attributes.answers import Answers
from facelens.tasks.attributes.evaluate import summarise
from facelens.tasks.fairness import NO_GROUPS, gaps

pytest.importorskip("huggingface_hub", reason="a card's head is the Hub's")

from facelens.tasks.attributes.training.card import write_card


def evaluation(model, wrong, *, people=None, unknown=0, split_by=("Male",)):
    """Figures of answers that are wrong about Smiling for these shares of the women and men."""
    rng = np.random.default_rng(0)
    labels = rng.random((600, len(model.names))) < 0.5
    share = np.where(labels[:, model.names.index("Male")], wrong[1], wrong[0])
    flipped = labels.copy()
    flipped[:, model.names.index("Smiling")] ^= rng.random(600) < share
    p = np.where(flipped, 0.9, 0.1)
    who = np.arange(600) // 2 if people is None else people
    given = Answers(model.names, p, labels, who, np.log(p / (1 - p)), unknown)
    return summarise(given, "toy", split_by=split_by, draws=100)


def card(tmp_path, result):
    write_card(tmp_path / "README.md", load_model().config, {"test": result})
    return (tmp_path / "README.md").read_text(encoding="utf-8")


def test_a_group_that_is_worse_served_stands_at_the_top_of_its_section(tmp_path):
    text = card(tmp_path, evaluation(load_model(), (0.05, 0.3)))
    section = text.split("## Error by group")[1]
    assert section.index("Warning: it errs more than twice as often") < section.index("| group |")
    assert "| Smiling | Male (" in section


def test_groups_that_are_served_alike_are_said_to_be(tmp_path):
    text = card(tmp_path, evaluation(load_model(), (0.1, 0.1)))
    assert "Warning" not in text
    assert "No group's error is more than twice another's" in text


def test_without_labels_of_groups_that_is_said(tmp_path):
    assert NO_GROUPS in card(tmp_path, evaluation(load_model(), (0.1, 0.1), split_by=()))


def test_a_card_says_what_its_intervals_rest_on(tmp_path):
    model = load_model()
    text = card(tmp_path, evaluation(model, (0.1, 0.1), unknown=600, people=np.arange(600)))
    assert text.count("600 faces of unknown people: intervals are over faces") == 2
    text = card(tmp_path, evaluation(model, (0.1, 0.1), people=np.zeros(600)))
    assert "600 faces of 1 person: there is no interval over people" in text
    assert "nan" not in text


def test_our_own_cards_say_what_their_figures_say():
    for name in ("mobilenet_v2", "resnet50"):
        folder = embedded_folder(name)
        config = json.loads((folder / "config.json").read_bytes())
        text = (folder / "README.md").read_text(encoding="utf-8")
        found = gaps(config["metrics"]["test"]["groups"])
        assert found
        assert all(f"| {gap.what} | {gap.worse} ({gap.faces[0]} faces) |" in text for gap in found)
