"""The pages: one widget a view, its script and its stylesheet beside it."""

from facelens.ui.live import Live, live
from facelens.ui.selfie import Selfie, selfie

__all__ = ["Live", "Selfie", "live", "selfie"]
