"""What the page shows before anybody gave it a photo is what `benchmarks/examples.py` makes."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facelens import find_faces, load_model, read_photo
from facelens.ui._view import HERE
from facelens.ui.intake import EXAMPLES

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
import examples

HEAVIEST = {
    "astronaut.jpg": 80_000,
    "hopper.jpg": 60_000,
    "drawn-1.jpg": 30_000,
    "drawn-2.jpg": 30_000,
}


def pixels_of(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(float)


@pytest.mark.parametrize("number", [1, 2])
def test_the_drawn_faces_are_those_that_the_script_draws(number):
    drawn = examples.draw(examples.LOOKS[number - 1])
    assert np.abs(pixels_of(HERE / f"drawn-{number}.jpg") - drawn).mean() < 3


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
@pytest.mark.parametrize("detector", ["haar", "own", "yunet"])
def test_both_detectors_find_one_face_in_every_example(path, detector, request):
    spec = f"yunet:{request.getfixturevalue('yunet')}" if detector == "yunet" else detector
    (face,) = find_faces(read_photo(path), detector=spec)
    assert face.hints == ()
    assert path.stat().st_size <= HEAVIEST[path.name]
    assert not Image.open(path).getexif()


def test_the_network_sees_what_was_drawn():
    model = load_model()
    for name, seen, not_seen in (
        ("drawn-1.jpg", ("Black_Hair", "Eyeglasses"), ("Smiling", "Blond_Hair", "Wearing_Hat")),
        ("drawn-2.jpg", ("Blond_Hair", "Smiling"), ("Eyeglasses", "Black_Hair", "Bald")),
    ):
        (answer,) = model.predict(find_faces(read_photo(HERE / name), detector="haar"))
        said = dict(zip(answer.names, answer.probabilities, strict=True))
        assert min(said[attribute] for attribute in seen) > 0.5, name
        assert max(said[attribute] for attribute in not_seen) < 0.2, name


def test_the_finished_answer_is_the_network_s():
    facts, face, heat = examples.finished()
    committed = json.loads((HERE / "showcase" / "answer.json").read_text())
    assert committed.pop("rows") == [
        {**row, "probability": pytest.approx(row["probability"], abs=0.02)}
        for row in facts.pop("rows")
    ]
    assert committed == facts
    assert np.abs(pixels_of(HERE / "showcase" / "face.jpg") - face).mean() < 4
    assert np.abs(pixels_of(HERE / "showcase" / "map.jpg") - heat).mean() < 6


def test_each_button_shows_its_example():
    for number, path in enumerate(EXAMPLES, 1):
        small = pixels_of(HERE / "thumbs" / f"{number}.jpg")
        assert small.shape == (examples.THUMB, examples.THUMB, 3)
        part = Image.fromarray(examples.around_face(path)).resize((examples.THUMB, examples.THUMB))
        assert np.abs(small - np.asarray(part)).mean() < 8, path.name
