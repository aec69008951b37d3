import json
import struct

import numpy as np
import pytest
from PIL import Image

from facelens import find_faces, load_model, read_photo
from facelens.bundles.bundle import Bundle
from facelens.errors import BundleError
from facelens.explain.stem import filter_picture, stem


@pytest.fixture(scope="module")
def crop(astronaut):
    return find_faces(read_photo(astronaut), detector="haar")[0].crop


@pytest.mark.parametrize(
    ("name", "side", "near"), [("mobilenet_v2", 3, 1e-3), ("resnet50", 7, 0.1)]
)
def test_filters_times_picture_are_the_networks_own_map(crop, name, side, near):
    """The graph of ResNet50 keeps its kernels in 8 bits, so its map differs a little."""
    model = load_model(name)
    first = stem(model)
    own = model.layers(crop)[0].maps
    assert first.filters.shape == (len(own), side, side, 3)
    padded = first.padded(first.picture(crop))
    patches = np.lib.stride_tricks.sliding_window_view(padded, (side, side), (0, 1))
    patches = patches[:: first.stride, :: first.stride].transpose(0, 1, 3, 4, 2)
    for channel in range(0, len(own), 5):
        summed = (patches * first.filters[channel]).sum((2, 3, 4)) + first.constants[channel]
        assert np.abs(summed - own[channel]).max() < near * max(1, own[channel].std())


def test_a_filter_is_grey_where_it_is_zero():
    kernel = np.zeros((3, 3, 3), np.float32)
    kernel[0, 0], kernel[2, 2] = 2, -2
    picture = filter_picture(kernel, side=9)
    assert picture.shape == (9, 9, 3)
    assert (picture[0, 0] == 255).all()
    assert (picture[8, 8] == 0).all()
    assert abs(picture[4, 4].astype(int) - 127).max() <= 1
    Image.fromarray(picture)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"short",
        struct.pack("<Q", 10**15) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 2) + b"{}",
        b"[" * 200_000,
        *(
            struct.pack("<Q", len(text)) + text
            for text in (
                json.dumps({"a": entry}).encode()
                for entry in (
                    {"dtype": "F32", "shape": [32, 3, 3, 3], "data_offsets": [0, 4]},
                    {"dtype": "F99", "shape": [32, 3, 3, 3], "data_offsets": [0, 4]},
                    {"dtype": "F32", "shape": 7, "data_offsets": [0, 4]},
                    {"dtype": "F32"},
                )
            )
        ),
    ],
)
def test_damaged_weights_are_refused_with_a_sentence(monkeypatch, data):
    model = load_model()
    monkeypatch.setattr(Bundle, "read", lambda *_: data)
    with pytest.raises(BundleError, match=r"\.$"):
        stem(model)
