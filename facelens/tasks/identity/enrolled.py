"""A gallery as a model: who each face is most like among those enrolled."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from facelens.bundles.session import BATCH
from facelens.errors import BundleError, FacelensError, ThresholdError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, Face
from facelens.tasks.base import Model, Style
from facelens.tasks.identity import sface
from facelens.tasks.identity.answers import Recognition, blended, evidence, similarities
from facelens.tasks.identity.curves import DEFAULT_RATE, LEAST_RATE, MOST_RATE, per_person
from facelens.tasks.identity.gallery import SUFFIX, Gallery, read_gallery
from facelens.tasks.identity.model import TASK, Recogniser
from facelens.tasks.identity.names import CAUTION
from facelens.tasks.identity.recogniser import OWN, open_recogniser

KIND = "a gallery of people"


class GalleryModel(Model):
    """The people of a gallery, and the network that they were enrolled by.

    Example:
        >>> model = facelens.load_model("gallery.npz")
        >>> model.predict(facelens.find_faces(photo))[0].person
        'Anna'
    """

    task = TASK
    crop_size = (CROP_HEIGHT, CROP_WIDTH)

    def __init__(self, recogniser: Recogniser, gallery: Gallery, place: Path | None = None) -> None:
        width = len(recogniser.config.names)
        if gallery.embeddings.shape[1] != width:
            raise BundleError(
                f"The gallery has embeddings of {gallery.embeddings.shape[1]} numbers; those of "
                f"{recogniser.title} have {width}."
            )
        self.recogniser, self.gallery, self._place = recogniser, gallery, place
        self.config = replace(recogniser.config, names=gallery.names)

    @property
    def names(self) -> tuple[str, ...]:
        return self.gallery.names

    @property
    def title(self) -> str:
        return f"{self.recogniser.title} + {len(self.names)} people"

    @property
    def place(self) -> Path:
        """The gallery's file.

        Raises:
            BundleError: it is in memory alone.
        """
        if self._place is None:
            raise BundleError("This gallery is in memory only; save it first.")
        return self._place

    @property
    def card(self) -> str:
        """Who is enrolled, what to know, and the network's own card."""
        return f"# Who is enrolled\n\n{self.gallery.sentence} {CAUTION}\n\n{self.recogniser.card}"

    def label(self, name: str) -> str:
        """A person's name, as it is."""
        return name

    def threshold(self, rate: float = DEFAULT_RATE) -> float:
        """The similarity below which nobody is recognised.

        Args:
            rate: of strangers, the share that is taken for anybody of the whole gallery.
        """
        return self.recogniser.curves.mean.threshold(per_person(rate, len(self.names)))

    def check_style(self, style: Style) -> None:
        """Refuse a threshold that is neither "half" nor a share of strangers."""
        _ = rate_of(style)

    def at(self, answer: Recognition, style: Style) -> Recognition:
        """An answer by the threshold of `style`."""
        return answer.at(self.threshold(rate_of(style)))

    def predict(
        self, inputs: Sequence[Face | np.ndarray] | np.ndarray, *, maps: bool = False
    ) -> list[Recognition]:
        """Recognise each face, or each uint8 (218, 178, 3) crop.

        Args:
            inputs: faces, crops, or crops uint8 (n, 218, 178, 3).
            maps: return what speaks for each person, where the network has maps.
        """
        found: list[Recognition] = []
        for start in range(0, len(inputs), BATCH):
            found += self._predict(inputs[start : start + BATCH], maps=maps)
        return found

    def _predict(
        self, inputs: Sequence[Face | np.ndarray] | np.ndarray, *, maps: bool
    ) -> list[Recognition]:
        means, margin = self.gallery.means, self.recogniser.curves.margin
        lengths, seen = None, None
        if maps:
            embeddings, lengths, seen = self.recogniser.embed_with_maps(inputs)
        else:
            embeddings = self.recogniser.embed(inputs)
        answers = [
            Recognition(self.names, similarities(means, each), self.threshold(), margin, each)
            for each in embeddings
        ]
        if seen is None or lengths is None:
            return answers
        return [
            replace(answer, maps=evidence(own, answer.embedding * length, means))
            for answer, own, length in zip(answers, seen, lengths, strict=True)
        ]

    def blend(self, before: Recognition, after: Recognition, share: float) -> Recognition:
        """The answer over all frames of a tracked face so far, however far apart they are."""
        del share
        return blended(before, after, self.gallery.means)

    def reference(self, face: Face) -> np.ndarray:
        """The similarities of a face to each person, float32 (people,)."""
        return self.predict([face])[0].similarities

    def check(self) -> None:
        """Run the network once."""
        self.predict([np.zeros((*self.crop_size, 3), np.uint8)])


def rate_of(style: Style) -> float:
    """The share of strangers that a style accepts: `half` is the usual one.

    Raises:
        ThresholdError: it is no such share.
    """
    try:
        rate = DEFAULT_RATE if style.threshold == "half" else float(style.threshold)
    except ValueError:
        rate = float("nan")
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise ThresholdError(
            f"There is no threshold {style.threshold!r}: give the share of strangers that may be "
            f"taken for somebody enrolled, from {LEAST_RATE:g} to {MOST_RATE:g}; by default it is "
            f"{DEFAULT_RATE:g}."
        )
    return rate


def head_file(name: str) -> Path | None:
    """The file of the gallery that `name` names, if it is one."""
    path = Path(name)
    try:
        return path if path.suffix.lower() == SUFFIX and path.is_file() else None
    except OSError:
        return None


def open_head(path: Path, load: Callable[[str], Model]) -> GalleryModel:
    """Open the gallery at `path`; `load` opens our own networks by name.

    Raises:
        BundleError: the gallery is damaged, or its network is missing or another one.
    """
    gallery = read_gallery(path)
    different = ""
    for name in _candidates(gallery.recogniser, path):
        try:
            recogniser = open_recogniser(name, load)
        except FacelensError:
            continue
        if recogniser.checksum == gallery.checksum:
            return GalleryModel(recogniser, gallery, path)
        different = recogniser.title
    if different:
        raise BundleError(
            f"{path} was enrolled by another version of {gallery.recogniser} than {different}, "
            "whose embeddings are others; enrol again."
        )
    how = (
        "facelens download recogniser downloads it"
        if gallery.recogniser == sface.NAME
        else "put its folder beside it"
    )
    raise BundleError(
        f"{path} was enrolled by the network {gallery.recogniser}, which is not here; {how}."
    )


def _candidates(named: str, path: Path) -> list[str]:
    """Where the network may be: by its name, beside the gallery, or the one that is set."""
    if named == sface.NAME:
        return [named, *(f"{named}:{sface.cache_folder() / file}" for file in sface.FILES)]
    is_path = os.sep in named.replace("/", os.sep, 1) or named[:1] in "./\\~"
    names = [] if is_path else [named]
    beside = path.parent / Path(named).name
    if beside.is_dir():
        names.insert(0, str(beside))
    chosen = os.environ.get(sface.VARIABLE, "")
    return [*names, *([chosen] if chosen not in ("", OWN) and not head_file(chosen) else [])]
