"""The page: one widget a view, its script and its stylesheet beside it."""

from facelens.ui.selfie import Selfie, selfie

__all__ = ["Selfie", "selfie"]
