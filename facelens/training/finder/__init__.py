"""Train our own finder of faces: pictures that are made, the network, its graph."""

import facelens.training  # noqa: F401 - before torch: how its threads wait
