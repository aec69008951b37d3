"""Learn from a trained network beside the labels, which are noisy (Hinton et al., 2015)."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from facelens.errors import DataError
from facelens.files import write_array
from facelens.tasks import DEFAULT, load_model
from facelens.training.data import Store

log = logging.getLogger(__name__)


def soften(store: Store, teachers: Sequence[str], share: float, *, kept: Path) -> Store:
    """The same faces, each target a mixture of its label and the teachers' mean probability.

    Args:
        store: the faces to learn from.
        teachers: bundles that answer the same questions; their probabilities are averaged.
        share: weight of the teachers, from 0 to 1; the labels have the rest.
        kept: a .npy file for the teachers' answers, read back where it is there.
    """
    if not 0 < share <= 1:
        raise DataError(f"A teacher's share is above 0 and at most 1, not {share:g}.")
    if kept.exists():
        answers = np.load(kept)
    else:
        answers = np.mean([_answers(store, name) for name in teachers], 0, dtype=np.float32)
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_array(kept, answers)
    if answers.shape != store.labels.shape:
        raise DataError(f"{kept} holds answers to other faces; remove it.")
    return replace(store, targets=(1 - share) * store.labels + share * answers)


def _answers(store: Store, name: str) -> np.ndarray:
    model = load_model(name, task=DEFAULT)
    missing = [attribute for attribute in store.names if attribute not in model.names]
    if missing:
        raise DataError(f"{model.title} cannot teach {missing[0]!r}: it does not answer that.")
    log.info("%s answers %d faces.", model.title, len(store))
    columns = [model.names.index(attribute) for attribute in store.names]
    return np.stack([answer.probabilities[columns] for answer in model.predict(store.images)])
