"""A region of one face in another: whose pixels are where, and what that does to the answers."""

import numpy as np
import pytest

from facelens import find_faces, load_model, read_photo
from facelens.explain.exchange import CHEEKS, MOST, REGIONS, exchange, mask
from facelens.faces.align import TEMPLATE


@pytest.fixture(scope="module")
def crop(astronaut):
    return find_faces(read_photo(astronaut), detector="haar")[0].crop


@pytest.fixture
def donor(crop):
    """Another face of the same light: the same one upside down, with the cheeks of the first."""
    other = crop[::-1].copy()
    for left, top, right, bottom in CHEEKS:
        other[top:bottom, left:right] = crop[top:bottom, left:right]
    return other


@pytest.mark.parametrize("region", REGIONS)
def test_inside_are_the_donors_pixels_and_outside_the_receivers(crop, donor, region):
    mixed = exchange(crop, donor, region)
    inside, outside = mask(region) == 1, mask(region) == 0
    assert inside.sum() > 800
    assert outside.sum() > 4000
    assert (mixed[inside] == donor[inside]).all()
    assert (mixed[outside] == crop[outside]).all()
    between = ~inside & ~outside
    low, high = np.minimum(crop, donor)[between], np.maximum(crop, donor)[between]
    assert ((low <= mixed[between]) & (mixed[between] <= high)).all(), "a seam, not a third face"


def test_each_region_holds_its_landmarks_and_no_others():
    eyes, mouth = TEMPLATE[:2], TEMPLATE[3:]
    at = lambda region, points: [mask(region)[round(y), round(x)] for x, y in points.tolist()]  # noqa: E731
    assert at("eyes", eyes) == [1, 1]
    assert at("mouth", mouth) == [1, 1]
    assert at("eyes", TEMPLATE[2:]) == [0, 0, 0]
    assert at("mouth", TEMPLATE[:3]) == [0, 0, 0]
    assert at("hair", TEMPLATE) == [0] * 5
    assert mask("hair")[:60].min() == 1


@pytest.mark.parametrize("region", REGIONS)
def test_a_face_exchanged_with_itself_is_itself(crop, region):
    mixed = exchange(crop, crop.copy(), region)
    assert (mixed == crop).all()
    model = load_model()
    before, after = model.predict([crop, mixed])
    assert np.abs(after.logits - before.logits).max() < 1e-3


def test_colours_are_matched_at_the_cheeks_and_hair_keeps_its_own(crop):
    dim = (crop * 0.8).astype(np.uint8)
    for region in ("eyes", "mouth"):
        inside = mask(region) == 1
        far = np.abs(exchange(crop, dim, region)[inside].astype(int) - crop[inside])
        assert np.percentile(far, 99) <= 3, "a shadow over the donor does not come along"
    hair = mask("hair") == 1
    assert (exchange(crop, dim, "hair")[hair] == dim[hair]).all()
    # In the dark a match would be noise: colours are stretched so far and no farther.
    dark = (crop * 0.1).astype(np.uint8)
    eyes = mask("eyes") == 1
    assert exchange(crop, dark, "eyes")[eyes].max() <= MOST * dark[eyes].max() + 1


def test_glasses_come_with_the_eyes_and_go_with_them(crop, portraits):
    other = find_faces(read_photo(portraits / "house_C001125.jpg"), detector="haar")[0].crop
    model = load_model()
    with_them, without = model.predict(
        [exchange(crop, other, "eyes"), exchange(other, crop, "eyes")]
    )
    assert model.predict([crop])[0]["Eyeglasses"] < 0.1
    assert with_them["Eyeglasses"] > 0.8
    assert without["Eyeglasses"] < 0.2
