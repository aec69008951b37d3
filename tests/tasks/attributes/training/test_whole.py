"""A taught word exported: the graph of the new bundle answers as base and head did."""

import json

import numpy as np
import pytest

from facelens import find_faces, load_model, read_photo
from facelens.bundles.bundle import read_tensors
from facelens.tasks.attributes.head import features, teach
from facelens.tasks.example import deviation

pytestmark = pytest.mark.train


@pytest.fixture
def saved(astronaut, tmp_path):
    """A head for a black bar, and faces with and without one."""
    face = find_faces(read_photo(astronaut), detector="haar")[0].crop
    rng = np.random.default_rng(0)
    crops = np.stack([np.roll(face, rng.integers(-8, 9, 2), (0, 1)) for _ in range(12)])
    crops[:6, 95:125, 40:140] = 0
    model = load_model()
    lesson = teach(model, "black bar", features(model, crops), np.arange(12) < 6)
    lesson.head.save(tmp_path / "bar.safetensors")
    return tmp_path / "bar.safetensors", crops


def test_the_bundle_answers_as_base_and_head(run, saved, tmp_path, astronaut):
    head, crops = saved
    out = tmp_path / "whole"
    code, _, err = run("export", head, "--out", out, "--version", "3")
    assert code == 0, err
    taught, whole = load_model(str(head)), load_model(str(out))
    assert whole.title == "mobilenet_v2_black_bar 3"
    assert whole.names == taught.names
    assert not hasattr(whole, "head")
    for one, two in zip(
        taught.predict(crops, maps=True), whole.predict(crops, maps=True), strict=True
    ):
        np.testing.assert_allclose(two.logits[:-1], one.logits[:-1], atol=1e-5)
        # The graph mirrors after it resizes, and int8 rounds the difference up.
        assert two.logits[-1] == pytest.approx(one.logits[-1], abs=0.1)
        np.testing.assert_allclose(two.maps, one.maps, atol=0.5)
        whole_map = two.evidence("black bar").mean() + whole.config.bias[-1]
        assert whole_map == pytest.approx(two.logits[-1], abs=1e-3)
    tensors = read_tensors(whole.bundle)
    assert (tensors["head.weight"].shape, tensors["head.bias"].shape) == ((41, 1280), (41,))
    assert whole.measured_on("black bar") == "taught"
    assert "leave-one-out AUC" in whole.note("black bar")
    assert "black bar, taught" in whole.card
    assert json.loads((out / "config.json").read_text())["names"][-1] == "black bar"
    code, said, err = run("predict", astronaut, "--model", out, "--detector", "haar")
    assert code == 0, err
    assert "Black bar" in said


def test_a_run_still_needs_its_data(run, tmp_path):
    code, _, err = run("export", tmp_path, "--out", tmp_path / "o")
    assert code == 2
    assert "Give --data DIR" in err


def test_a_taught_word_does_not_make_its_bases_example_anothers(saved, caplog):
    head, _ = saved
    model = load_model(str(head))
    model.check()
    found = deviation(model)
    assert found is not None
    assert found.is_fine
    assert not caplog.records
