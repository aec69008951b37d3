"""Curves of a detector: written, read back, and refused where they cannot be."""

import json

import numpy as np
import pytest
from helpers.boxes import BOXES, COUNTS, PHOTOS, SCORES, SIDE, boxes_bundle, curves

from facelens.bundles.bundle import write_manifest
from facelens.errors import BundleError
from facelens.photo import Photo
from facelens.tasks import load_model
from facelens.tasks.mask.curves import COLUMNS, BoxCurves
from facelens.tasks.mask.names import NAMES

onnx = pytest.importorskip("onnx", reason="onnx is not installed: `make test` installs it")


@pytest.fixture
def bundle(tmp_path):
    return boxes_bundle(tmp_path / "bundle")


def test_curves_come_back_as_they_were(bundle):
    read, made = load_model(str(bundle)).curves, curves()
    assert (read.names, read.photos, tuple(read.boxes)) == (NAMES, PHOTOS, COUNTS)
    for column in COLUMNS:
        known = np.isfinite(getattr(made, column))
        assert (np.isfinite(getattr(read, column)) == known).all()
        assert getattr(read, column)[known] == pytest.approx(getattr(made, column)[known], abs=1e-4)


def test_a_bundle_of_before_has_none(bundle):
    (bundle / "curves.json").unlink()
    write_manifest(bundle)
    assert load_model(str(bundle)).curves is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"names": None}, "cannot be read"),
        ({"photos": -1}, "counts that cannot be"),
        ({"boxes": [1, 2]}, "counts that cannot be"),
        ({"precision": [[0.5]]}, "another length"),
        ({"recall": [[2.0] * 101] * 3}, "not from 0 to 1"),
        ({"names": ["a", "b", "c"]}, "for other classes"),
    ],
)
def test_curves_that_cannot_be_are_refused(bundle, change, words):
    values = json.loads((bundle / "curves.json").read_text())
    (bundle / "curves.json").write_text(json.dumps(values | change))
    write_manifest(bundle)
    with pytest.raises(BundleError, match=words):
        _ = load_model(str(bundle)).curves


def test_a_box_is_drawn_once_as_its_most_probable_class(bundle):
    drawn = load_model(str(bundle)).drawn(Photo(np.zeros((SIDE, SIDE, 3), np.uint8)))
    order = np.argsort(-drawn.scores)
    assert drawn.scores[order] == pytest.approx(np.sort(SCORES)[::-1])
    assert drawn.boxes[order][0] == pytest.approx(BOXES[0])
    assert [drawn.labels[i] for i in order] == [NAMES[0], NAMES[1], NAMES[0], NAMES[2]]


def test_what_was_measured_has_the_counts_beside_it():
    rows = {column: [0.5] * 101 for column in COLUMNS}
    found = BoxCurves.of(dict.fromkeys(NAMES, rows), photos=7, boxes={NAMES[0]: 5})
    assert (found.photos, found.boxes.tolist()) == (7, [5, 0, 0])
    assert found.recall.shape == (3, 101)
