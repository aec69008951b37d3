"""Geometry, hints and the choice of a detector: what needs no photo."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from facelens import faces
from facelens.errors import DetectorError
from facelens.faces import align, detect, landmarks, quality
from facelens.faces.boxes import nms
from facelens.faces.face import Box, Detection
from facelens.faces.haar import rotate
from facelens.photo import Photo


def similar(degrees: float, scale: float, x: float, y: float) -> np.ndarray:
    turn = np.radians(degrees)
    a, b = scale * np.cos(turn), scale * np.sin(turn)
    return np.array([[a, -b, x], [b, a, y]], np.float32)


@pytest.mark.parametrize("degrees", [-170, -30, 0, 12, 90])
@pytest.mark.parametrize("scale", [0.1, 1, 7])
def test_a_known_transform_is_recovered_from_five_landmarks(degrees, scale):
    truth = similar(degrees, scale, 300, -20)
    fitted = align.similarity(align.apply(truth, align.TEMPLATE), align.TEMPLATE)
    assert align.compose(fitted, truth) == pytest.approx(np.eye(2, 3), abs=2e-3)


def test_a_mirrored_face_is_not_fitted_by_mirroring():
    fitted = align.similarity(align.TEMPLATE * [-1, 1], align.TEMPLATE)
    assert np.linalg.det(fitted[:, :2]) > 0


def test_a_point_without_weight_does_not_move_the_fit():
    truth = similar(20, 2, 5, 6)
    source = align.apply(align.invert(truth), align.TEMPLATE)
    source[2] += 50
    fitted = align.similarity(source, align.TEMPLATE, np.array([1, 1, 0, 1, 1]))
    assert fitted == pytest.approx(truth, abs=1e-2)


def test_five_equal_points_give_a_finite_warp():
    assert np.isfinite(align.similarity(np.full((5, 2), 7.0), align.TEMPLATE)).all()


def picture_of_dots(warp: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """White dots where the template's points lie in a photo with this warp."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    scale = 1 / align.scale_of(warp)
    for x, y in align.apply(align.invert(warp), align.TEMPLATE):
        cv2.circle(pixels, (round(x), round(y)), max(round(4 * scale), 2), (255, 255, 255), -1)
    return pixels


@pytest.mark.parametrize(
    ("scale", "size"), [(1.4, (300, 300)), (0.5, (900, 900)), (0.09, (4000, 4000))]
)
def test_the_points_of_a_turned_face_come_to_lie_on_the_template(scale, size):
    centre = np.array(size) / 2
    turned = similar(25, scale, 0, 0)
    turned[:, 2] = np.array([88.5, 130]) - turned[:, :2] @ centre
    crop = align.align_face(picture_of_dots(turned, size), turned)
    assert crop.shape == (218, 178, 3)
    for x, y in align.TEMPLATE:
        near = crop[round(y) - 7 : round(y) + 8, round(x) - 7 : round(x) + 8, 0].astype(float)
        seen = np.array([near.sum(0) @ np.arange(15), near.sum(1) @ np.arange(15)]) / near.sum()
        assert seen + np.round([x, y]) - 7 == pytest.approx([x, y], abs=1)


def test_a_huge_face_is_shrunk_without_aliasing():
    stripes = np.zeros((2180, 1780, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = align.align_face(stripes, similar(0, 0.1, 0, 0))
    assert crop[5:-5, 5:-5].std() < 10


def test_a_face_far_outside_the_photo_still_gives_a_crop():
    for x in (-9000, 9000):
        assert align.align_face(np.zeros((50, 60, 3), np.uint8), similar(9, 0.2, x, x)).any() == 0


def test_beyond_the_photo_its_edge_is_repeated():
    crop = align.align_face(np.full((50, 50, 3), 200, np.uint8), similar(0, 1, 64, 80))
    assert crop.min() == 200


def test_the_box_is_upright_and_does_not_grow_with_the_turn():
    straight, turned = similar(0, 0.5, 0, 0), similar(30, 0.5, 0, 0)
    assert align.face_box(straight) == pytest.approx(np.array(align.TEMPLATE_BOX) * 2)
    assert align.face_box(turned)[2:] == pytest.approx(align.face_box(straight)[2:])


def found(x: float, y: float, score: float, scale: float = 1.0) -> Detection:
    warp = similar(0, scale, -scale * x, -scale * y)
    return Detection(warp, align.TEMPLATE, score)


def test_two_boxes_of_one_face_become_the_surer_one():
    kept = nms([found(0, 0, 0.6), found(10, 5, 0.9), found(-20, -20, 0.5, 0.8)])
    assert [face.score for face in kept] == [0.9]


def test_neighbours_stay_two_faces():
    assert len(nms([found(0, 0, 0.6), found(100, 0, 0.9)])) == 2


@pytest.mark.parametrize("degrees", [22, -22])
def test_a_turned_picture_keeps_its_corners_and_says_where_they_went(degrees):
    grey = np.zeros((100, 160), np.uint8)
    turned, rotation = rotate(grey, degrees)
    corners = align.apply(rotation, np.array([[0, 0], [159, 0], [0, 99], [159, 99]], np.float32))
    assert (corners > -1.5).all()
    assert (corners < np.array(turned.shape[::-1]) + 0.5).all()


def test_a_cascade_box_leads_to_the_template():
    warp = landmarks.guess(300, 200, 204.8)
    assert align.scale_of(warp) == pytest.approx(0.5)
    middle = align.apply(warp, np.array([[402.4, 302.4]]))
    assert middle[0] == pytest.approx(landmarks.HAAR_CENTRE, abs=1e-3)


def checkered(cell: int) -> np.ndarray:
    y, x = np.mgrid[:218, :178]
    grey = np.where((x // cell + y // cell) % 2, 190, 80).astype(np.uint8)
    return np.repeat(grey[..., None], 3, 2)


def nose_aside(pixels: float) -> np.ndarray:
    landmarks = align.TEMPLATE.copy()
    landmarks[2, 0] += pixels
    return landmarks


def test_a_sharp_bright_large_frontal_face_gets_no_hint():
    assert quality.hints(checkered(6), 200, align.TEMPLATE) == ()


@pytest.mark.parametrize(
    ("crop", "width", "points", "word"),
    [
        (cv2.GaussianBlur(checkered(6), (0, 0), 8), 200, align.TEMPLATE, "blurred"),
        (checkered(6) // 4, 200, align.TEMPLATE, "dark"),
        (checkered(6), 31.4, align.TEMPLATE, "31 pixels"),
        (checkered(6), 200, nose_aside(20), "turned"),
    ],
)
def test_each_defect_is_named_alone(crop, width, points, word):
    (sentence,) = quality.hints(crop, width, points)
    assert word in sentence


def test_the_nose_offset_does_not_depend_on_turn_or_size():
    points = nose_aside(9)
    moved = align.apply(similar(40, 3, 9, 9), points)
    assert quality.nose_offset(moved) == pytest.approx(quality.nose_offset(points), rel=1e-3)


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("FACELENS_CACHE", str(tmp_path))
    monkeypatch.delenv("FACELENS_DETECTOR", raising=False)
    return tmp_path


def test_auto_takes_yunet_only_where_its_file_is(cache):
    assert faces.detector_in_use() == "haar"
    (cache / detect.YUNET_FILES[0]).write_bytes(b"")
    assert faces.detector_in_use("auto") == "yunet"
    assert detect.resolve("yunet") == ("yunet", cache / detect.YUNET_FILES[0])


def test_the_environment_is_asked_where_nothing_is_said(cache, monkeypatch):
    file = cache / "other.onnx"
    file.write_bytes(b"")
    monkeypatch.setenv("FACELENS_DETECTOR", f"yunet:{file}")
    assert detect.resolve() == ("yunet", file)
    assert detect.resolve("haar") == ("haar", None)
    monkeypatch.setenv("FACELENS_DETECTOR", str(file))
    assert detect.resolve() == ("yunet", file)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("dlib", "no face detector called 'dlib'"),
        ("yunet", "facelens download detector"),
        ("yunet:/nowhere/yunet.onnx", "no YuNet file at /nowhere/yunet.onnx"),
        ("/nowhere/yunet.onnx", "no YuNet file at /nowhere/yunet.onnx"),
        ("yunet:", "no YuNet file"),
    ],
)
@pytest.mark.usefixtures("cache")
def test_a_detector_that_is_not_there_is_refused_in_a_sentence(spec, words):
    with pytest.raises(DetectorError, match=words):
        faces.find_faces(Photo(np.zeros((40, 40, 3), np.uint8)), detector=spec)


@pytest.mark.parametrize("data", [b"", b"not a network", b"\x08\x07" * 500])
def test_a_damaged_yunet_file_is_refused_in_a_sentence(cache, data):
    file = cache / "yunet.onnx"
    file.write_bytes(data)
    with pytest.raises(DetectorError, match="damaged or is not a YuNet"):
        faces.find_faces(Photo(np.zeros((40, 40, 3), np.uint8)), detector=f"yunet:{file}")


def test_another_network_is_not_taken_for_yunet():
    with pytest.raises(DetectorError, match="not a YuNet"):
        detect.open_detector(f"yunet:{landmarks.embedded()}")


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 3), (64, 64)])
def test_a_picture_without_a_face_gives_none(shape):
    assert faces.find_faces(Photo(np.full((*shape, 3), 128, np.uint8)), detector="haar") == []


def test_a_box_prints_with_one_decimal():
    assert str(Box(81.3912, 0, 30, 2.05)) == "Box(x=81.4, y=0.0, w=30.0, h=2.0)"
