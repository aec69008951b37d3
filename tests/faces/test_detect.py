"""Faces in real photos: the bundled one always, portraits and CelebA where they are."""

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from facelens.data import parquet
from facelens.data.synthetic import match, place_on_canvas
from facelens.faces import align, detect, find_faces
from facelens.faces.yunet import YUNET_CONFIDENCE
from facelens.photo import Photo, read_photo


@pytest.fixture(params=["haar", "own", "yunet"])
def detector(request) -> str:
    is_yunet = request.param == "yunet"
    return f"yunet:{request.getfixturevalue('yunet')}" if is_yunet else request.param


@pytest.fixture(scope="module")
def photo(astronaut) -> Photo:
    return read_photo(astronaut)


# The pupils by eye, in pixels of the bundled photo.
EYES = np.array([[203.2, 101.2], [246.4, 103.4]])


def test_the_bundled_photo_shows_one_face(photo, detector):
    (face,) = find_faces(photo, detector=detector)
    assert face.detector == detector.partition(":")[0]
    assert face.crop.shape == (218, 178, 3)
    assert face.crop.dtype == np.uint8
    assert face.landmarks.shape == (5, 2)
    assert face.warp.shape == (2, 3)
    assert 0.5 <= face.confidence <= 1
    assert face.hints == ()
    assert np.abs(face.landmarks[:2] - EYES).max() < 5
    x, y = align.apply(face.warp, EYES).T
    assert y[1] - y[0] == pytest.approx(0, abs=4)
    assert x.mean() == pytest.approx(89, abs=5)


@pytest.mark.parametrize("turn", [-30, -15, 15, 30])
@pytest.mark.parametrize("width", [60, 170])
def test_a_turned_small_off_centre_face_comes_out_straight(photo, detector, turn, width):
    (upright,) = find_faces(photo, detector=detector)
    move = cv2.getRotationMatrix2D(upright.box.centre, turn, width / upright.box.w)
    move[:, 2] += np.array([430, 200]) - upright.box.centre
    move = move.astype(np.float32)
    canvas = align.align_face(photo.pixels, move, (640, 480))
    faces = find_faces(Photo(canvas), detector=detector)
    assert len(faces) == 1
    back = align.compose(faces[0].warp, align.compose(move, align.invert(upright.warp)))
    eyes = align.apply(back, align.TEMPLATE[:2])
    assert np.hypot(*(eyes - align.TEMPLATE[:2]).T).max() < 4
    seen = align.apply(faces[0].warp, faces[0].landmarks)
    assert np.hypot(*(seen - align.TEMPLATE).T).max() < 8


@pytest.mark.parametrize("name", ["haar", "own"])
def test_all_detectors_give_the_same_box_and_warp(photo, yunet, name):
    (one,) = find_faces(photo, detector=name)
    (other,) = find_faces(photo, detector=f"yunet:{yunet}")
    assert np.abs(np.subtract(one.box, other.box)).max() < 6
    eyes = [align.apply(align.invert(face.warp), align.TEMPLATE[:2]) for face in (one, other)]
    assert np.hypot(*(eyes[0] - eyes[1]).T).max() < 4


def test_the_largest_face_comes_first(photo, detector):
    height, width = photo.pixels.shape[:2]
    half = cv2.resize(photo.pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    both = np.full((height, width + width // 2, 3), half.mean((0, 1)), np.uint8)
    both[: height // 2, : width // 2] = half
    both[:, width // 2 :] = photo.pixels
    faces = find_faces(Photo(both), detector=detector)
    assert len(faces) == 2
    assert faces[0].box.w > 1.7 * faces[1].box.w
    assert faces[0].box.x > width / 2 > faces[1].box.x


def test_a_huge_photo_gives_the_same_face(photo, detector):
    (small,) = find_faces(photo, detector=detector)
    grown = cv2.resize(photo.pixels, None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC)
    (face,) = find_faces(Photo(grown), detector=detector)
    assert np.abs(np.array(face.box) / 6 - small.box).max() < 4
    assert np.abs(face.crop.astype(int) - small.crop).mean() < 6


def test_a_small_face_is_hinted_at(photo, detector):
    (upright,) = find_faces(photo, detector=detector)
    scale = 36 / upright.box.w
    small = cv2.resize(photo.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    (face,) = find_faces(Photo(small), detector=detector)
    assert any("pixels wide" in hint for hint in face.hints)


def test_a_blurred_face_and_a_dark_face_are_hinted_at(photo, detector):
    blurred = cv2.GaussianBlur(photo.pixels, (0, 0), 4)
    (face,) = find_faces(Photo(blurred), detector=detector)
    assert any("blurred" in hint for hint in face.hints)
    (face,) = find_faces(Photo(photo.pixels // 5), detector=detector)
    assert any("dark" in hint for hint in face.hints)


def test_many_threads_find_the_same_face(photo, detector):
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(find_faces(photo, detector=detector)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert {faces[0].box for faces in answers} == {answers[0][0].box}


@pytest.mark.data
def test_every_portrait_shows_exactly_one_face(portraits, detector):
    counts = {
        path.name: len(find_faces(read_photo(path), detector=detector))
        for path in sorted(Path(portraits).glob("*.jpg"))
    }
    assert len(counts) == 17
    assert {name: n for name, n in counts.items() if n != 1} == {}


@pytest.mark.data
def test_portraits_get_no_hint(portraits, detector):
    for path in sorted(Path(portraits).glob("*.jpg")):
        assert find_faces(read_photo(path), detector=detector)[0].hints == (), path.name


@pytest.mark.data
def test_loosely_framed_faces_are_found_and_come_out_straight(data_dir, detector):
    file = data_dir / "celeba" / "valid-00000-of-00001.parquet"
    found, extras, errors = 0, 0, []
    for index, row in enumerate(parquet.images(file, [], stop=40)):
        framed = place_on_canvas(read_photo(row.data).pixels, 0, index)
        face, others = match(framed, find_faces(Photo(framed.canvas), detector=detector))
        extras += others
        if face is not None:
            found += 1
            moved = align.apply(
                align.compose(face.warp, align.invert(framed.warp)), align.TEMPLATE[:2]
            )
            errors.append(np.hypot(*(moved - align.TEMPLATE[:2]).T).mean())
    assert found >= (37 if detector == "haar" else 39)
    assert extras <= (3 if detector == "haar" else 1)
    assert np.mean(errors) < 2


@pytest.mark.data
def test_a_yunet_file_of_fixed_size_says_the_same(portraits, yunet, tmp_path):
    """The older file is the same network with pictures of 640 x 640, which OpenCV overrules."""
    onnx = pytest.importorskip("onnx", reason="needs onnx, of the extra `train`")
    graph = onnx.load(yunet)
    for axis in (2, 3):
        graph.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = 640
    onnx.save(graph, tmp_path / "fixed.onnx")
    fixed = detect.open_detector(f"yunet:{tmp_path / 'fixed.onnx'}")
    free = detect.open_detector(f"yunet:{yunet}")
    assert fixed._opencv
    assert not free._opencv
    for path in sorted(portraits.glob("*.jpg"))[:4]:
        pixels = read_photo(path).pixels
        (one,), (other,) = fixed.detect(pixels), free.detect(pixels)
        np.testing.assert_allclose(one.landmarks, other.landmarks, atol=0.05)


@pytest.mark.data
def test_yunet_says_what_it_says_in_opencv(portraits, yunet):
    """OpenCV's own decoding of YuNet's outputs, on portraits and on all of them side by side."""
    opencv = cv2.FaceDetectorYN.create(str(yunet), "", (64, 64), YUNET_CONFIDENCE, 0.3, 5000)
    ours = detect.open_detector(f"yunet:{yunet}")
    pictures = [read_photo(path).pixels for path in sorted(portraits.glob("*.jpg"))]
    small = [cv2.resize(picture, (151, 187)) for picture in pictures[:6]]
    crowd = np.vstack([np.hstack(small[:3]), np.hstack(small[3:])])
    for picture in [*pictures, crowd, np.zeros((50, 333, 3), np.uint8)]:
        opencv.setInputSize(picture.shape[1::-1])
        expected = opencv.detect(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
        rows = ours._rows(picture)
        assert len(rows) == (0 if expected is None else len(expected))
        for (score, points), row in zip(rows, [] if expected is None else expected, strict=True):
            assert score == pytest.approx(row[14], abs=1e-4)
            np.testing.assert_allclose(points, row[4:14].reshape(5, 2), atol=1e-2)
    assert len(ours._rows(crowd)) == 6
