"""Faces that move: who is who, and who has left."""

import cv2
import numpy as np
import pytest

from facelens.faces import align
from facelens.faces.boxes import iou
from facelens.faces.face import Box, Detection
from facelens.faces.track import PATIENCE, FaceTracker
from facelens.photo import Photo, read_photo

HEIGHT, WIDTH, SIDE = 300, 640, 240


@pytest.fixture(scope="module")
def face(astronaut) -> np.ndarray:
    return cv2.resize(read_photo(astronaut).pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def scene(face: np.ndarray, *places: tuple[float, float]) -> Photo:
    """A grey room with the face at each of `places`, its upper left corner."""
    room = np.full((HEIGHT, WIDTH, 3), 110, np.uint8)
    for x, y in places:
        left, top = round(x), round(y)
        room[top : top + SIDE, left : left + SIDE] = face[: HEIGHT - top]
    return Photo(room)


class Counting:
    """A detector that counts how often it is asked."""

    def __init__(self, detector):
        self.detector, self.name, self.searches = detector, detector.name, 0

    def detect(self, pixels):
        self.searches += 1
        return self.detector.detect(pixels)


@pytest.fixture
def tracker():
    made = FaceTracker("haar", every=4)
    made._detector = Counting(made._detector)
    return made


def where(tracked):
    return {each.number: each.face.box.centre for each in tracked}


def test_two_people_keep_their_numbers_while_they_move(face, tracker):
    first = where(tracker.track(scene(face, (20, 20), (380, 20))))
    assert sorted(first) == [1, 2]
    left = min(first, key=lambda number: first[number][0])
    for step in range(24):
        away = 4 * step
        now = where(tracker.track(scene(face, (20 + away, 20 + step), (380 - away / 3, 20))))
        assert sorted(now) == [1, 2]
        assert now[left][0] == pytest.approx(first[left][0] + away, abs=6), "a box lags behind"
        assert now[3 - left][0] == pytest.approx(first[3 - left][0] - away / 3, abs=6)
    assert tracker._detector.searches == 7, "the whole picture is searched every fourth time"


def test_a_face_between_two_searches_is_the_one_that_a_search_finds(face, tracker):
    for step in range(3):
        (between,) = tracker.track(scene(face, (100 + 3 * step, 30)))
    (searched,) = FaceTracker("haar").track(scene(face, (106, 30)))
    assert between.face.warp == pytest.approx(searched.face.warp, abs=0.02 * HEIGHT)
    seen, fresh = (each.face.crop.astype(int) for each in (between, searched))
    assert np.abs(seen - fresh).mean() < 6
    assert between.face.landmarks == pytest.approx(searched.face.landmarks, abs=3)


def test_who_is_hidden_for_a_moment_comes_back_as_the_same_and_later_as_another(face, tracker):
    there, nobody = scene(face, (200, 30)), scene(face)
    assert list(where(tracker.track(there))) == [1]
    for _ in range(PATIENCE - 1):
        assert tracker.track(nobody) == []
    back = [where(tracker.track(there)) for _ in range(4)]
    assert list(back[-1]) == [1]
    for _ in range(PATIENCE * 4 + 4):
        tracker.track(nobody)
    assert list(where(tracker.track(there))) == [2]


def test_a_face_that_is_gone_is_searched_for_at_once(face, tracker):
    tracker.track(scene(face, (20, 30)))
    assert tracker._detector.searches == 1
    assert tracker.track(scene(face, (380, 30))) == [], "it is not where it was"
    (found,) = tracker.track(scene(face, (380, 30)))
    assert tracker._detector.searches == 2
    assert found.number == 2


def test_forgetting_begins_anew(face, tracker):
    tracker.track(scene(face, (20, 30)))
    tracker.forget()
    (found,) = tracker.track(scene(face, (22, 30)))
    assert found.number == 2


class Script:
    """A detector that finds what the test says."""

    name = "yunet"

    def __init__(self, *rounds):
        self.rounds = list(rounds)

    def detect(self, _pixels):
        return self.rounds.pop(0)


def found_at(x: float) -> Detection:
    warp = np.array([[1, 0, 89 - x], [0, 1, -50]], np.float32)
    return Detection(warp, align.apply(align.invert(warp), align.TEMPLATE), 0.9)


def test_of_two_that_could_be_one_the_nearer_is():
    tracker = FaceTracker("haar", every=1)
    tracker._detector = Script([found_at(100), found_at(170)], [found_at(182), found_at(112)])
    blank = Photo(np.zeros((400, 400, 3), np.uint8))
    assert [(f.number, round(f.face.box.centre[0])) for f in tracker.track(blank)] == [
        (1, 100), (2, 170),
    ]  # fmt: skip
    assert [(f.number, round(f.face.box.centre[0])) for f in tracker.track(blank)] == [
        (1, 112), (2, 182),
    ]  # fmt: skip


def test_a_turned_head_is_said_to_be_turned_between_searches_too(face):
    tracker = FaceTracker("haar", every=9)
    photo = scene(face, (200, 30))
    (straight,) = tracker._detector.detect(photo.pixels)
    aside = straight.landmarks.copy()
    aside[2, 0] += 0.3 * SIDE / 4  # the tip of the nose
    tracker._detector = Script([Detection(straight.warp, aside, 0.9)])
    for _ in range(3):
        (seen,) = tracker.track(photo)
        assert any("turned" in hint for hint in seen.face.hints)


def test_what_boxes_share():
    box = Box(0, 0, 10, 10)
    assert iou(box, box) == 1
    assert iou(box, Box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert iou(box, Box(20, 20, 10, 10)) == 0
