"""Faces that are turned, cut off or covered: answered as upright, or with a hint."""

import cv2
import numpy as np
import pytest

from facelens import load_model
from facelens.faces import align, detect, face_of, find_faces, landmarks, quality
from facelens.faces.face import Detection
from facelens.faces.haar import rotate
from facelens.faces.track import FaceTracker
from facelens.photo import Photo, read_photo


@pytest.fixture(params=["haar", "own", "yunet"])
def detector(request) -> str:
    is_yunet = request.param == "yunet"
    return f"yunet:{request.getfixturevalue('yunet')}" if is_yunet else request.param


@pytest.fixture(scope="module")
def photo(astronaut) -> Photo:
    """A portrait without the frame around it, in which the network sees half a face at 60°."""
    return Photo(np.ascontiguousarray(read_photo(astronaut).pixels[:300, 70:370]))


@pytest.fixture(scope="module")
def upright(photo):
    return find_faces(photo, detector="haar")[0]


def turned(photo: Photo, degrees: float) -> tuple[Photo, np.ndarray]:
    planes, moves = zip(*(rotate(p, degrees) for p in cv2.split(photo.pixels)), strict=True)
    return Photo(np.dstack(planes)), moves[0]


def off(face, upright, move) -> float:
    """Mean distance of the eyes from where they belong, in template pixels."""
    back = align.compose(face.warp, align.compose(move, align.invert(upright.warp)))
    eyes = align.apply(back, align.TEMPLATE[:2]) - align.TEMPLATE[:2]
    return float(np.hypot(*eyes.T).mean())


@pytest.mark.parametrize("degrees", [75, 120, 180, 210, 270])
def test_a_turned_face_is_answered_as_the_upright_one(photo, upright, detector, degrees):
    seen, move = turned(photo, degrees)
    (face,) = find_faces(seen, detector=detector)
    assert face.hints == ()
    assert off(face, upright, move) < 4
    centre = align.apply(move, np.array([upright.box.centre]))[0]
    assert np.abs(face.box.centre - centre).max() < 6, "the box is in the photo's own pixels"
    assert np.abs(face.crop.astype(int) - upright.crop).mean() < 12
    places = align.apply(move, upright.landmarks)
    assert np.abs(face.landmarks - places).max() < 0.15 * upright.box.w


def test_an_upright_photo_is_turned_by_neither_detector(photo, detector, monkeypatch):
    monkeypatch.setattr(landmarks.LandmarkRefiner, "turned", None)
    opened = detect.open_detector(detector)
    for far in ("_turned", "_sideways"):
        monkeypatch.setattr(opened, far, None, raising=False)
    assert len(opened.detect(photo.pixels, finer=True)) == 1


def test_keypoints_of_a_turned_face_turn_with_it(photo, upright, yunet):
    model = load_model(task="keypoints")
    seen, move = turned(photo, 180)
    (face,) = find_faces(seen, detector=f"yunet:{yunet}")
    (before,), (after,) = model.predict([upright]), model.predict([face])
    off = align.apply(move, before.points) - after.points
    assert np.hypot(*off.T).mean() < 0.05 * upright.box.w


@pytest.mark.parametrize("degrees", [90, 180, 240])
def test_a_film_of_a_turned_face_is_followed(photo, upright, yunet, degrees):
    tracker = FaceTracker(f"yunet:{yunet}")
    for frame in range(7):
        angle = degrees + 2 * frame
        seen, move = turned(photo, angle)
        (tracked,) = tracker.track(seen)
        assert tracked.number == 1
        assert off(tracked.face, upright, move) < 6
        assert tracked.face.hints == ()


class Once:
    """A detector that finds something once and nobody after that."""

    name = "haar"

    def __init__(self, *found):
        self.found = list(found)

    def detect(self, _pixels, **_):
        return [self.found.pop()] if self.found else []


def test_between_detections_a_face_is_expected_at_the_angle_that_it_had(photo, upright):
    seen, move = turned(photo, 180)
    warp = align.compose(upright.warp, align.invert(move))
    tracker = FaceTracker("haar", every=9)
    tracker._detector = Once(Detection(warp, align.apply(move, upright.landmarks), 0.9))
    for _ in range(5):
        (tracked,) = tracker.track(seen)
        assert off(tracked.face, upright, move) < 4


def test_an_angle_is_followed_past_half_a_turn(photo, upright):
    """Its number jumps from 180 to -180 degrees there."""
    tracker = FaceTracker("haar", every=99)
    for degrees in range(160, 201, 4):
        seen, move = turned(photo, degrees)
        if not tracker.numbers:
            warp = align.compose(upright.warp, align.invert(move))
            tracker._detector = Once(Detection(warp, align.apply(move, upright.landmarks), 0.9))
        (tracked,) = tracker.track(seen)
        assert off(tracked.face, upright, move) < 6


def test_what_cannot_be_refined_is_hinted_at(photo, upright):
    found = Detection(upright.warp, upright.landmarks, 0.9, 0.4)
    (hint,) = face_of(photo, found, "yunet").hints
    assert "covered" in hint


def test_a_drawn_mask_is_hinted_at(photo, upright, detector):
    pixels = photo.pixels.copy()
    mask = [[50, 126], [88, 117], [127, 126], [125, 164], [88, 191], [52, 164]]
    points = align.apply(align.invert(upright.warp), np.array(mask, np.float32))
    cv2.fillPoly(pixels, [np.rint(points).astype(np.int32)], (120, 175, 210))
    for face in find_faces(Photo(pixels), detector=detector):
        assert any("covered" in hint for hint in face.hints)


def test_a_chin_of_another_colour_needs_a_better_fit(upright):
    assert not quality.is_covered(upright.crop, 0.985)
    blue = upright.crop.copy()
    blue[quality.CHIN] = (120, 175, 210)
    assert quality.chin_colour(blue) > 20 > quality.chin_colour(upright.crop)
    assert quality.is_covered(blue, 0.985)
    assert not quality.is_covered(blue, 0.99999)


@pytest.mark.parametrize("degrees", [0, 30, 90, 200])
@pytest.mark.parametrize("shift", [(0, 0), (70, 0), (-60, 40), (300, 0)])
def test_the_share_outside_is_the_share_of_points_outside(degrees, shift):
    to_photo = cv2.getRotationMatrix2D(align.TEMPLATE_BOX.centre, degrees, 0.8)
    to_photo[:, 2] += shift
    x, y, w, h = align.TEMPLATE_BOX
    grid = np.stack(np.meshgrid(np.linspace(x, x + w, 300), np.linspace(y, y + h, 300)), -1)
    places = align.apply(to_photo, grid.reshape(-1, 2)) + 0.5
    inside = ((places >= 0) & (places <= (178, 218))).all(1).mean()
    share = align.outside(align.invert(to_photo), 178, 218)
    assert share == pytest.approx(1 - inside, abs=0.01)


def test_a_face_cut_by_the_edge_is_hinted_at_and_one_that_touches_it_is_not(photo, detector):
    whole = find_faces(photo, detector=detector)[0].box
    for share, hinted in ((0.05, False), (0.5, True)):
        for side in ("left", "bottom"):
            cut = photo.pixels[:, round(whole.x + share * whole.w) :]
            if side == "bottom":
                cut = photo.pixels[: round(whole.y + (1 - share) * whole.h)]
            for face in find_faces(Photo(np.ascontiguousarray(cut)), detector=detector):
                outside = [hint for hint in face.hints if "outside the photo" in hint]
                assert bool(outside) is hinted


def test_hints_are_sentences_for_a_reader():
    crop = np.tile(np.uint8([[60], [200]]), (109, 178))[..., None].repeat(3, 2)
    said = quality.hints(crop, 200, None, fit=0.1, outside=0.4)
    assert said == ("Part of the face lies outside the photo.",)
    assert quality.hints(crop, 200, None, fit=0.1)[0].startswith("Part of the face is covered")


@pytest.mark.data
def test_an_upside_down_portrait_is_answered_as_the_upright_one_or_doubted(data_dir, detector):
    model = load_model()
    photo = read_photo(data_dir / "cases" / "01-upside-down.jpg")
    faces = find_faces(photo, detector=detector)
    assert faces or detector == "haar", "YuNet finds it"
    (upright,) = find_faces(
        Photo(np.ascontiguousarray(photo.pixels[::-1, ::-1])), detector=detector
    )
    (before,) = model.predict([upright])
    for face, after in zip(faces, model.predict(faces), strict=True):
        changed = (before.probabilities >= 0.5) != (after.probabilities >= 0.5)
        assert face.hints or changed.sum() <= 1


@pytest.mark.data
def test_half_a_face_at_the_edge_is_answered_with_a_hint_or_not_at_all(data_dir, yunet):
    photo = read_photo(data_dir / "cases" / "03-half-outside.jpg")
    (face,) = find_faces(photo, detector=f"yunet:{yunet}")
    assert any("outside" in hint for hint in face.hints)
    assert all(face.hints for face in find_faces(photo, detector="haar"))
