import numpy as np

from facelens.explain.layers import colour, grid, most_varied, overlay, strongest
from facelens.tasks.base import Layer


def layer(maps) -> Layer:
    return Layer("x", "X", "What X does.", np.asarray(maps, np.float32))


def test_the_strongest_maps_come_first():
    maps = np.zeros((4, 2, 2))
    maps[2], maps[0] = -5, 1
    assert strongest(layer(maps), 2) == [2, 0]


def test_maps_that_change_most_over_the_face_come_first_however_strong_the_others_are():
    maps = np.zeros((4, 2, 2))
    maps[0], maps[2, 0], maps[3, 0] = 100, 1, -5
    assert most_varied(layer(maps), 3) == [3, 2, 0]


def test_colours_run_from_dark_to_bright():
    picture = colour(np.array([[0.0, 0.5, 1.0]], np.float32))
    light = picture.astype(int).sum(2)[0]
    assert light[0] < light[1] < light[2]


def test_a_flat_map_is_all_dark():
    picture = colour(np.full((3, 3), 7.0, np.float32))
    assert (picture == colour(np.array([[0.0, 1.0]], np.float32))[0, 0]).all()


def test_evidence_is_coloured_where_it_lies_and_the_face_shows_elsewhere():
    crop = np.full((218, 178, 3), 100, np.uint8)
    values = np.zeros((10, 8), np.float32)
    values[5, 2] = 3.0
    picture = overlay(crop, values).astype(int)
    y, x = int(5.5 / 10 * 218), int(2.5 / 8 * 178)
    assert abs(picture[y, x] - 100).max() > 40
    assert (picture[5, 170] == 100).all()


def test_a_map_with_nothing_for_the_attribute_leaves_the_face_alone():
    crop = np.full((218, 178, 3), 100, np.uint8)
    assert (overlay(crop, np.full((10, 8), -1.0, np.float32)) == 100).all()


def test_a_grid_holds_as_many_maps_as_there_are():
    picture = grid(layer(np.random.default_rng(0).random((5, 10, 8))), columns=3, tile=16)
    assert picture.shape == (2 * 20 + 4, 3 * 16 + 2 * 4, 3)
