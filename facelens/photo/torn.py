"""Find where a JPEG was scrambled although it decodes without a warning.

Lost or changed bytes may decode to as many blocks as there were. Brightness and colour of a block
are stored as differences to the block before, so everything after the scrambled blocks is then
lighter, darker or tinted: along the border between blocks there is a step of one size, which at one
place moves down by a block. No edge in a scene follows the blocks so.
"""

import numpy as np

# Steps of 255 that are taken for damage, the fewest blocks to each side of where the border moves
# down, and the share of all blocks along it that have to step alike. Chosen so that no picture of
# 7,388 of CelebA and 1,020 variants of portraits, all whole, is taken for torn.
STEP, AGREE, MOST = 8.0, 5, 0.7


def is_torn(pixels: np.ndarray, width: int, height: int) -> bool:
    """Whether uint8 pixels (h, w, 3), of blocks `width` x `height`, have such a border."""
    columns = pixels.shape[1] // width
    if columns < 2 * AGREE + 1:
        return False
    steps = [
        _steps(pixels, slice(first, first + 32), width, height)
        for first in range(1, pixels.shape[0] // height, 32)
    ]
    if sum(map(len, steps)) < 2:
        return False
    step = np.concatenate(steps)
    sums = np.cumsum(step, axis=1)
    places = np.arange(AGREE, columns - AGREE + 1)
    left = sums[:, places - 1] / places[:, None]
    right = (sums[:, -1:] - sums[:, places - 1]) / (columns - places)[:, None]
    # On the right the border lies a block higher than on the left; elsewhere there is none.
    above, below = right[:-1], left[1:]
    agreed = np.where(above * below > 0, np.minimum(np.abs(above), np.abs(below)), 0)
    elsewhere = np.maximum(np.abs(left[:-1]), np.abs(right[1:]))
    found = np.argwhere(agreed - 2 * elsewhere > STEP)
    return any(_is_one_step(step, row, places[at], channel) for row, at, channel in found)


def _is_one_step(step: np.ndarray, row: int, place: int, channel: int) -> bool:
    """Whether the border at `place` is a step of one size all along, not a few large ones."""
    along = np.concatenate([step[row + 1, :place, channel], step[row, place:, channel]])
    middle = np.median(along)
    near = np.abs(along - middle) < abs(middle) / 2
    return bool(abs(middle) > STEP and near.mean() >= MOST)


def _steps(pixels: np.ndarray, rows: slice, width: int, height: int) -> np.ndarray:
    """Mean step (rows, columns, 3) from each block to the one below, beyond the slope around it."""
    columns = pixels.shape[1] // width
    last = min(rows.stop, pixels.shape[0] // height)
    border = np.arange(rows.start, last) * height
    # Every fourth pixel is enough.
    seen = pixels[:, 2 : columns * width : 4]
    lines = [seen[border + shift].astype(np.int16) for shift in (-2, -1, 0, 1)]
    twice = 3 * (lines[2] - lines[1]) - lines[3] + lines[0]
    samples = width // 4
    total = sum(twice[:, first::samples] for first in range(samples))
    return np.asarray(total, np.float32) / (2 * samples)
