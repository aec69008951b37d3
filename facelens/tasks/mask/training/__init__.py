"""Train and export a detector of masks: the levels, their runs, bundles."""

import facelens.training  # noqa: F401 - before torch: how its threads wait
