"""Small faces in large photos."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from helpers.crowd import crowd, head_of

from facelens.faces import align, detect, find_faces, search
from facelens.faces.face import Detection
from facelens.photo import Photo, read_photo


@pytest.fixture(params=["haar", "own", "yunet"])
def detector(request) -> str:
    is_yunet = request.param == "yunet"
    return f"yunet:{request.getfixturevalue('yunet')}" if is_yunet else request.param


@pytest.fixture(scope="module")
def head(astronaut):
    return head_of(astronaut)


@pytest.mark.parametrize(
    "kind",
    [(15, 60, 3000, 2000), (3, 170, 9000, 1500), (20, 150, 6700, 500), (15, 130, 6000, 4000)],
)
def test_every_small_face_of_a_large_photo_is_found(head, detector, kind):
    count, wide, *_ = kind
    faces = find_faces(crowd(head, *kind), detector=detector)
    assert len(faces) == count
    for each in faces:
        assert each.box.w == pytest.approx(wide, rel=0.1)
        assert not any("pixels wide" in hint for hint in each.hints)


@pytest.mark.data
@pytest.mark.parametrize(("name", "count"), [("02-group-6000", 15), ("04-row-of-20", 20)])
def test_reported_photos_of_many_people(data_dir, detector, name, count):
    photo = read_photo(data_dir / "cases" / f"{name}.jpg")
    faces = find_faces(photo, detector=detector)
    assert len(faces) == count
    assert not any("pixels wide" in hint for face in faces for hint in face.hints)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "angle"), [("house_B001287", -30), ("house_C001125", 30), ("house_J000302", 30)]
)
def test_a_leaning_portrait_brings_the_cascades_to_no_false_face(portraits, name, angle):
    pixels = read_photo(portraits / f"{name}.jpg").pixels
    (upright,) = find_faces(Photo(pixels), detector="haar")
    height, width = pixels.shape[:2]
    move = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    cos, sin = abs(move[0, 0]), abs(move[0, 1])
    side = (round(width * cos + height * sin), round(width * sin + height * cos))
    move[:, 2] += ((side[0] - width) / 2, (side[1] - height) / 2)
    leaning = cv2.warpAffine(
        pixels, move, side, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    middle = align.apply(move, np.array([upright.box.centre]))[0]
    for each in find_faces(Photo(leaning), detector="haar"):
        assert np.hypot(*(each.box.centre - middle)) < upright.box.w / 4


def counted(monkeypatch, finder):
    """Count the pictures that a detector looks at."""
    calls = []
    name = "_detect" if finder.name == "haar" else "_rows"
    looks = getattr(finder, name)
    monkeypatch.setattr(finder, name, lambda *args: calls.append(args) or looks(*args))
    return calls


def test_a_large_portrait_is_looked_at_once(monkeypatch, head, detector):
    finder = detect.open_detector(detector)
    portrait = cv2.resize(head[0], (2700, 3000), interpolation=cv2.INTER_CUBIC)
    calls = counted(monkeypatch, finder)
    assert len(finder.detect(portrait, finer=True)) == 1
    assert len(calls) == 1


def test_a_frame_of_a_film_is_looked_at_once(monkeypatch, head, detector):
    """Whatever is in it: frames have to keep up, so `FaceTracker` asks for no finer search."""
    finder = detect.open_detector(detector)
    photo = crowd(head, 8, 44, 1920, 1080)
    calls = counted(monkeypatch, finder)
    finder.detect(photo.pixels)
    assert len(calls) <= (3 if finder.name == "haar" else 1)  # the cascades turn an empty picture


def a_face(x, y, wide, score=0.9):
    scale = align.TEMPLATE_BOX.w / wide
    shift = np.array(align.TEMPLATE_BOX.centre) - scale * np.array([x, y])
    warp = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
    return Detection(warp, align.apply(align.invert(warp), align.TEMPLATE), score)


def searched(found, shown=(), size=(4000, 6000)):
    """The factors of the levels that are looked at, and the faces in the end."""
    factors = []

    def look(tile):
        factors.append(tile.factor)
        return list(shown)

    faces = search.finer(np.zeros(size, np.uint8), 512, 16, found, look)
    return sorted(set(factors), reverse=True), faces


def test_an_empty_photo_is_searched_down_to_the_finest_level():
    factors, faces = searched([])
    assert faces == []
    assert factors[-1] == pytest.approx(2.19, rel=0.01)  # 24 megapixels in 5
    sides = [6000 / 512, *factors]
    assert all(1 < coarse / fine < search.STEP + 0.01 for coarse, fine in pairwise(sides))


def test_the_search_ends_at_the_level_where_faces_are_large():
    for widths, levels in (([500], 0), ([300], 1), ([120], 2), ([500, 300], 1), ([500, 120], 2)):
        faces = [a_face(1000 * n, 2000, wide) for n, wide in enumerate(widths, 1)]
        assert len(searched(faces, faces)[0]) == levels, widths


def test_a_photo_that_is_hardly_larger_is_not_searched():
    assert searched([], size=(450, 600))[0] == []
    assert len(searched([], size=(480, 640))[0]) == 1


def test_an_eye_of_a_large_face_is_no_face_and_a_face_counts_once():
    large, small = a_face(3000, 2000, 900, 0.7), a_face(500, 500, 100, 0.8)
    eye, again, new = a_face(2800, 1900, 150), a_face(505, 503, 104), a_face(1500, 800, 90)
    lost = a_face(4500, 3500, 110)
    faces = searched([large, small, lost], [eye, again, new])[1]
    assert sorted(round(align.face_box(f.warp).w) for f in faces) == [90, 104, 900]


@pytest.mark.parametrize("side", [1, 30, 1023, 1024, 1025, 3000, 17_000])
@pytest.mark.parametrize("shared", [16, 144, 400])
def test_tiles_cover_the_photo_and_share_enough(side, shared):
    parts = list(search._parts(side, shared))
    assert parts[0][0] == 0
    assert parts[-1][1] == side
    assert all(end - start <= search.TILE for start, end in parts)
    assert all(one[1] - other[0] >= shared for one, other in pairwise(parts))


def test_a_tile_knows_where_it_lies():
    tile = search.Tile(np.zeros((64, 64), np.uint8), 2.5, 100, 40)
    points = np.array([[0, 0], [13, 57]], np.float32)
    there = tile.to_photo(points)
    np.testing.assert_allclose(there[0], [(100.5) * 2.5 - 0.5, (40.5) * 2.5 - 0.5])
    np.testing.assert_allclose(align.apply(tile.from_photo, there), points, atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (9, 40_000), (2, 2), (700, 5000)])
def test_an_empty_photo_of_any_shape_shows_no_face(detector, shape):
    assert find_faces(Photo(np.full((*shape, 3), 90, np.uint8)), detector=detector) == []
