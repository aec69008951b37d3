"""dlib's HOG detector: the real one if it is installed, and always a stand-in for it."""

import importlib.util
import json
import sys
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest

from facelens.commands.main import main
from facelens.errors import DetectorError, MissingExtraError
from facelens.faces import align, detect, detector_in_use, face_of, find_faces, hog
from facelens.photo import Photo, read_photo
from facelens.ui.selfie import DETECTORS

# Where the real one finds the bundled photo's face, and two places without one.
FACE, NO_FACE = (175, 76, 91), ((126, 335, 90), (20, 400, 90))
# The pupils by eye, in pixels of the bundled photo.
EYES = np.array([[203.2, 101.2], [246.4, 103.4]])


def rectangle(x, y, side):
    return SimpleNamespace(left=lambda: x, top=lambda: y, width=lambda: side, height=lambda: side)


@pytest.fixture(autouse=True)
def fresh():
    detect._hog.cache_clear()
    yield
    detect._hog.cache_clear()


@pytest.fixture
def stand_in(monkeypatch):
    """A dlib that gives these boxes for any picture, and keeps what it was asked."""
    asked = []

    def run(grey, enlarged, threshold):
        asked.append((grey, enlarged, threshold))
        return (
            [rectangle(*FACE), *(rectangle(*box) for box in NO_FACE)],
            [1.1, 0.02, 0.6],
            [0, 3, 0],
        )

    module = ModuleType("dlib")
    module.__spec__ = importlib.util.spec_from_loader("dlib", loader=None)
    module.get_frontal_face_detector = lambda: SimpleNamespace(run=run)
    monkeypatch.setitem(sys.modules, "dlib", module)
    return asked


@pytest.fixture
def absent(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "dlib" else real(name, *a)
    )


@pytest.fixture
def real():
    return pytest.importorskip("dlib", reason="needs the extra `hog`: pip install -e '.[hog]'")


@pytest.fixture
def photo(astronaut):
    return read_photo(astronaut)


@pytest.mark.usefixtures("absent")
def test_without_dlib_a_sentence_says_how_to_install_it(astronaut, capsys):
    with pytest.raises(MissingExtraError, match=r"pip install 'facelens\[hog\]'"):
        find_faces(read_photo(astronaut), detector="hog")
    assert main(["predict", str(astronaut), "--detector", "hog"]) == 2
    error = capsys.readouterr().err
    assert "facelens[hog]" in error
    assert "Traceback" not in error


@pytest.mark.usefixtures("stand_in")
def test_a_dlib_that_cannot_be_loaded_is_a_sentence_too(monkeypatch):
    monkeypatch.delattr(sys.modules["dlib"], "get_frontal_face_detector")
    with pytest.raises(MissingExtraError, match="dlib cannot be loaded"):
        detect.open_detector("hog")


def test_an_unknown_detector_is_told_of_hog():
    with pytest.raises(DetectorError, match="hog"):
        detect.resolve("HOG")


@pytest.mark.usefixtures("stand_in")
def test_every_detector_has_its_words_on_the_page():
    assert detector_in_use("hog") == "hog"
    assert "HOG" in DETECTORS["hog"]


def test_its_boxes_are_refined_and_those_that_are_no_face_dropped(stand_in, photo):
    (face,) = find_faces(photo, detector="hog")
    assert face.detector == "hog"
    assert np.abs(face.landmarks[:2] - EYES).max() < 5
    ((grey, enlarged, threshold),) = stand_in
    assert grey.shape == photo.pixels.shape[:2]
    assert grey.dtype == np.uint8
    assert (enlarged, threshold) == (hog.ENLARGED, hog.HOG_SCORE)


def test_an_eager_look_takes_a_lower_score(stand_in, photo):
    detect.open_detector("hog").detect(photo.pixels, eager=True)
    assert stand_in[0][2] == hog.EAGER_SCORE < hog.HOG_SCORE


@pytest.mark.usefixtures("stand_in")
def test_a_doubtful_box_has_to_be_confirmed(photo, monkeypatch):
    monkeypatch.setattr(hog, "HOG_SURE", 2.0)
    monkeypatch.setattr(hog, "FLOOR", 1.01)
    assert find_faces(photo, detector="hog") == []


@pytest.mark.usefixtures("stand_in")
def test_its_landmarks_show_no_turned_head(photo):
    found = detect.open_detector("hog").detect(photo.pixels)[0]
    found.landmarks[2, 0] += 40
    assert face_of(photo, found, "yunet").hints != face_of(photo, found, "hog").hints == ()


@pytest.mark.usefixtures("real")
def test_the_real_one_finds_the_bundled_face(photo):
    (face,) = find_faces(photo, detector="hog")
    assert np.abs(face.landmarks[:2] - EYES).max() < 5
    (other,) = find_faces(photo, detector="haar")
    assert np.abs(np.subtract(face.box, other.box)).max() < 6
    x, y = align.apply(face.warp, EYES).T
    assert y[1] - y[0] == pytest.approx(0, abs=4)
    assert x.mean() == pytest.approx(89, abs=5)


@pytest.mark.usefixtures("real")
def test_the_real_one_finds_a_small_face_in_a_large_photo(photo):
    (face,) = find_faces(photo, detector="hog")
    small = cv2.resize(photo.pixels, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    canvas = np.full((1200, 1800, 3), 120, np.uint8)
    canvas[500 : 500 + len(small), 900 : 900 + small.shape[1]] = small
    (found,) = find_faces(Photo(canvas), detector="hog")
    assert found.box.w == pytest.approx(0.75 * face.box.w, rel=0.1)


@pytest.mark.usefixtures("real")
def test_the_real_one_misses_a_face_on_its_side(photo):
    turned = np.ascontiguousarray(np.rot90(photo.pixels))
    assert find_faces(Photo(turned), detector="hog") == []
    assert len(find_faces(Photo(turned), detector="haar")) == 1


@pytest.mark.usefixtures("real")
def test_predict_takes_it(astronaut, capsys):
    assert main(["predict", str(astronaut), "--detector", "hog", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["detector"] == "hog"
