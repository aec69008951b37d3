"""A bundle on disk or on the Hub, and running it."""

from facelens.model.bundle import Bundle
from facelens.model.network import Look, Model, Prediction, load_model

__all__ = [
    "Bundle",
    "Look",
    "Model",
    "Prediction",
    "load_model",
]
