"""The first convolution of a network: its learned filters, and their response to a crop.

It is the only layer whose filters can be shown as pictures.
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
    """A convolution over colours from 0 to 1, with its batch norm folded in.

    `filters`: float32 (channels, k, k, 3). `constants`: float32 (channels,). A value of a feature
    map is the sum of a filter times the patch under it, plus a constant.
    """

    filters: np.ndarray
    constants: np.ndarray
    stride: int
    size: tuple[int, int]

    @property
    def side(self) -> int:
        """Width of a filter in pixels."""
        return int(self.filters.shape[1])

    def picture(self, crop: np.ndarray) -> np.ndarray:
        """Resize a crop uint8 (218, 178, 3) to the network's input, float32 from 0 to 1."""
        import cv2

        small = cv2.resize(crop.astype(np.float32), self.size[::-1], interpolation=cv2.INTER_LINEAR)
        return small / 255

    def padded(self, picture: np.ndarray) -> np.ndarray:
        """Add the border that the network adds to `picture`: ImageNet's mean colour.

        The patch under the filter at (row, column) of the map begins at `stride` times that. The
        sum of its products with the filter, plus the channel's constant, is the map.
        """
        import cv2

        reach = self.side // 2
        # The network pads with zeros after it has subtracted the mean.
        return cv2.copyMakeBorder(
            picture, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=tuple(map(float, MEAN))
        )


def stem(model: "Classifier") -> Stem:
    """Read the first convolution of `model` from its training weights.

    Raises:
        BundleError: the weights are missing, or have another first layer.
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
    # For colours from 0 to 1 instead of normalised ones.
    filters = kernel * gain[:, None, None, None] / np.array(STD, np.float32)
    constants = bias - mean * gain - (filters * np.array(MEAN, np.float32)).sum((1, 2, 3))
    stride = round(model.config.input_size[0] / first.shape[1])
    return Stem(
        filters.astype(np.float32), constants.astype(np.float32), stride, model.config.input_size
    )


def filter_picture(kernel: np.ndarray, *, side: int = 63) -> np.ndarray:
    """Draw a filter float (k, k, 3) as a picture uint8 (side, side, 3): grey is zero.

    Brighter is positive, darker negative, in each colour channel.
    """
    import cv2

    largest = float(np.abs(kernel).max()) or 1.0
    grey = 127.5 * (1 + kernel / largest)
    return cv2.resize(grey.round().astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
