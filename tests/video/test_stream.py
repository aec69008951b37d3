"""A moving picture watched: numbers that stay, answers that do not flutter."""

import cv2
import numpy as np
import pytest
from helpers.tiny import tiny_bundle

import facelens
from facelens.photo import Photo, read_photo
from facelens.video.stream import STEADY, LivePredictor


@pytest.fixture(scope="module")
def scenes(astronaut) -> tuple[Photo, Photo]:
    """The same face in the same place, lit and nearly dark."""
    lit = cv2.resize(read_photo(astronaut).pixels, (320, 320), interpolation=cv2.INTER_AREA)
    return Photo(lit), Photo((lit * 0.45).astype(np.uint8))


@pytest.fixture
def watcher(tmp_path) -> LivePredictor:
    return LivePredictor(facelens.load_model(str(tiny_bundle(tmp_path))), "haar")


def test_an_answer_comes_two_thirds_of_the_way_in_the_time_that_it_is_steadied(watcher, scenes):
    lit, dark = scenes
    (first,) = watcher.see(lit, 10.0)
    (after,) = watcher.see(dark, 10.0 + STEADY)
    start, aim = (watcher.model.predict([seen.face])[0].logits for seen in (first, after))
    assert np.abs(aim - start).max() > 0.3, "the two pictures ought to be read differently"
    way = start + (1 - np.exp(-1)) * (aim - start)
    assert after.answer.logits == pytest.approx(way, abs=1e-3)
    for step in range(40):
        (settled,) = watcher.see(dark, 11.0 + step / 10)
    assert settled.number == 1
    own = watcher.model.predict([settled.face])[0].logits
    assert settled.answer.logits == pytest.approx(own, abs=0.3)


def test_a_first_answer_is_the_networks_own_and_a_film_does_not_remember_another(watcher, scenes):
    lit, dark = scenes
    (first,) = watcher.see(lit, 0.0)
    assert first.answer.logits == pytest.approx(watcher.model.predict([first.face])[0].logits)
    watcher.forget()
    (other,) = watcher.see(dark, 0.01)
    assert other.number == 2
    assert other.answer.logits == pytest.approx(watcher.model.predict([other.face])[0].logits)


def test_a_face_that_was_missed_for_a_moment_goes_on_where_it_was(watcher, scenes):
    lit, dark = scenes
    (first,) = watcher.see(lit, 0.0)
    assert watcher.see(Photo(np.zeros_like(lit.pixels)), 0.05) == []
    seen = []
    while not seen:  # the next search finds it
        seen = watcher.see(dark, 0.1)
    assert seen[0].number == 1
    aim = watcher.model.predict([seen[0].face])[0].logits
    way = first.answer.logits + 0.2 * (aim - first.answer.logits)
    assert np.abs(seen[0].answer.logits - way).max() < np.abs(aim - way).max()


def test_a_picture_of_another_size_is_another_picture(watcher, scenes):
    lit, _ = scenes
    watcher.see(lit, 0.0)
    small = Photo(cv2.resize(lit.pixels, (200, 200), interpolation=cv2.INTER_AREA))
    (seen,) = watcher.see(small, 0.1)
    assert seen.number == 2


def test_maps_are_this_frames_and_come_on_wish(watcher, scenes):
    lit, _ = scenes
    (without,) = watcher.see(lit, 0.0)
    assert without.answer.maps is None
    (seen,) = watcher.see(lit, 0.1, maps=True)
    assert seen.answer.maps == pytest.approx(
        watcher.model.predict([seen.face], maps=True)[0].maps, abs=1e-4
    )
    assert seen.answer.maps.shape[0] == len(watcher.model.names)


def test_a_clock_that_goes_back_changes_nothing(watcher, scenes):
    lit, dark = scenes
    (first,) = watcher.see(lit, 5.0)
    (again,) = watcher.see(dark, 1.0)
    assert again.answer.logits == pytest.approx(first.answer.logits)


def test_nobody_is_nothing(watcher):
    assert watcher.see(Photo(np.zeros((120, 160, 3), np.uint8)), 0.0) == []
