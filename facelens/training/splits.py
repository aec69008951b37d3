"""Which faces a trial learns from and is measured on."""

import numpy as np

from facelens.training.data import Store, pick
from facelens.training.trial import SPLIT_NAMES, Faces, Trial


def choose(trial: Trial, faces: Faces, limit: int | None) -> Faces:
    """The faces of a trial: its people, its attributes, its split, at most `limit` of each."""
    stores = [_of(getattr(faces, split), trial.people) for split in SPLIT_NAMES]
    if trial.attributes:
        stores = [store.only(trial.attributes) for store in stores]
    if trial.split == "official":
        return Faces(*(pick([store], np.arange(len(store))[:limit]) for store in stores))
    train, valid = split_people(stores[0], stores[1], trial.split, limit)
    return Faces(train, valid, pick(stores[2:], np.arange(len(stores[2]))[:limit]))


def _of(store: Store, people: str) -> Store:
    if people == "all":
        return store
    male = store.only(("Male",)).labels[:, 0]
    return pick([store], np.flatnonzero(male if people == "men" else ~male))


def split_people(train: Store, valid: Store, split: str, limit: int | None) -> tuple[Store, Store]:
    """Training faces and faces to measure on, by `split`; as many training faces in each.

    "apart" and "shared" are measured on the same faces: half of the pictures of each person of
    `valid`. "apart" has never seen these people. "shared" has seen the other half of their
    pictures in place of as many of others. "random" deals the pictures of both, whole
    people at a time where `limit` leaves some out, four to one, regardless of who is on them.
    """
    both, first = [train, valid], len(train)
    people = np.concatenate([train.people, valid.people])
    count = min(limit or len(people), len(train), int(0.8 * len(people)))
    rng = np.random.default_rng(0)
    if split == "random":
        pool = _whole_people(people, np.arange(len(people)), rng)[: round(count / 0.8)]
        pool = rng.permutation(pool)
        return pick(both, np.sort(pool[:count])), pick(both, np.sort(pool[count:]))
    held = _whole_people(people, np.arange(first, len(people)), rng)
    _, begin, of = np.unique(people[held], return_index=True, return_inverse=True)
    nth = np.arange(len(held)) - begin[of]
    alone = np.bincount(of)[of] == 1
    asked, seen = held[(nth % 2 == 0) & ~alone][: count // 2], held[nth % 2 == 1]
    seen = seen[np.isin(people[seen], people[asked])]
    others = _whole_people(people, np.arange(first), rng)
    learnt = others if split == "apart" else np.concatenate([seen, others])
    return pick(both, np.sort(learnt[:count])), pick(both, np.sort(asked))


def _whole_people(people: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`rows` by person, people in random order: what begins it holds all of most people."""
    _, of = np.unique(people[rows], return_inverse=True)
    order = rng.permutation(of.max() + 1 if len(rows) else 0)
    return rows[np.argsort(order[of], kind="stable")]
