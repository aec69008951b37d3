"""What the notebooks show, one file a lesson."""

import facelens.training  # noqa: F401 - before torch: how its threads wait
