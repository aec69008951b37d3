"""Train, calibrate, export and describe a network for attributes."""

import facelens.training  # noqa: F401 - before torch: how its threads wait
