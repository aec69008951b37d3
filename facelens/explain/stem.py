"""The first convolution of a network: its learned filters, and what they do at one place.

Everything after it works on what it found; and it is the only layer whose filters are pictures.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facelens.bundles.bundle import read_tensors
from facelens.errors import BundleError
from facelens.imagenet import MEAN, STD

if TYPE_CHECKING:
    from facelens.tasks.classifier import Classifier


@dataclass(frozen=True, eq=False)
class Stem:
    """A convolution over colours from 0 to 1, with the batch norm after it folded in.

    `filters`: float32 (channels, k, k, 3). `constants`: float32 (channels,). A value of a
    feature map is the sum of a filter times the patch of the picture under it, plus a constant.
    """

    filters: np.ndarray
    constants: np.ndarray
    stride: int
    size: tuple[int, int]

    @property
    def side(self) -> int:
        """How many pixels a filter is wide."""
        return int(self.filters.shape[1])

    def picture(self, crop: np.ndarray) -> np.ndarray:
        """What the network makes of a crop uint8 (218, 178, 3) first: its own size, float32."""
        import cv2

        small = cv2.resize(crop.astype(np.float32), self.size[::-1], interpolation=cv2.INTER_LINEAR)
        return small / 255

    def by_colour(self, picture: np.ndarray, channel: int) -> np.ndarray:
        """What red, green and blue add to each value of map `channel`, float32 (3, rows, columns).

        Their sum, plus the channel's constant, is the map.
        """
        import cv2

        reach = self.side // 2
        sums = []
        for c in range(3):
            # Beyond the edge the network sees zeros, which stand for ImageNet's mean colour.
            wide = cv2.copyMakeBorder(
                np.ascontiguousarray(picture[..., c]), reach, reach, reach, reach,
                cv2.BORDER_CONSTANT, value=MEAN[c],
            )  # fmt: skip
            seen = cv2.filter2D(wide, cv2.CV_32F, self.filters[channel, :, :, c])
            rows, columns = picture.shape[:2]
            inner = seen[reach : reach + rows, reach : reach + columns]
            sums.append(inner[:: self.stride, :: self.stride])
        return np.stack(sums)


def stem(model: "Classifier") -> Stem:
    """The first convolution of `model`, read from its training weights.

    Raises:
        BundleError: The weights are not there, or begin in another way.
    """
    first = model.config.layers[0]
    tensors = read_tensors(model.bundle)
    kernels = [
        values
        for values in tensors.values()
        if values.ndim == 4 and values.shape[:2] == (first.shape[0], 3)
    ]
    norm = f"body.{first.name}"
    wanted = [f"{norm}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
    if len(kernels) != 1 or not set(wanted) <= set(tensors):
        raise BundleError(f"{model.title} does not begin with a convolution and a batch norm.")
    kernel = kernels[0].astype(np.float32).transpose(0, 2, 3, 1)
    scale, bias, mean, variance = (tensors[name].astype(np.float32) for name in wanted)
    gain = scale / np.sqrt(variance + 1e-5)
    # On colours from 0 to 1 instead of normalised ones.
    filters = kernel * gain[:, None, None, None] / np.array(STD, np.float32)
    constants = bias - mean * gain - (filters * np.array(MEAN, np.float32)).sum((1, 2, 3))
    stride = round(model.config.input_size[0] / first.shape[1])
    return Stem(
        filters.astype(np.float32), constants.astype(np.float32), stride, model.config.input_size
    )


def filter_picture(kernel: np.ndarray, *, side: int = 63) -> np.ndarray:
    """A filter float (k, k, 3) as a picture uint8 (side, side, 3): grey is zero.

    Brighter than grey counts for, darker against; each colour by itself.
    """
    import cv2

    largest = float(np.abs(kernel).max()) or 1.0
    grey = 127.5 * (1 + kernel / largest)
    return cv2.resize(grey.round().astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
