"""A bundle on disk or on the Hub, and running it."""

from facelens.model.bundle import Bundle
from facelens.model.network import Look, Model, Prediction, load_model
from facelens.model.offered import choose, may_choose_freely, offered

__all__ = [
    "Bundle",
    "Look",
    "Model",
    "Prediction",
    "choose",
    "load_model",
    "may_choose_freely",
    "offered",
]
