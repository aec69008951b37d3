"""Teach it a word: photos of yes and of no, a head fitted to them, and how well it tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from facelens.errors import DataError, NoFaceError, PhotoError
from facelens.faces import Face, find_faces
from facelens.photo import read_photo
from facelens.tasks.attributes.head import (
    JUDGEMENT,
    LONGEST_WORD,
    MOST,
    ONE_PERSON,
    Head,
    checked_word,
    features,
    teach,
)
from facelens.tasks.attributes.taught import TaughtModel
from facelens.ui._view import PATIENCE, View, jpeg, script, sentence_of, source
from facelens.ui.wipe import release, taken, wipe

if TYPE_CHECKING:
    from facelens.tasks.attributes.model import AttributeModel
    from facelens.tasks.classifier import Prediction

LONGEST = 120  # pixels of a picture in the strips
OCTETS = "application/octet-stream"


class Pupil(Protocol):
    """The page whose network is taught."""

    detector: str | None

    @property
    def base(self) -> "AttributeModel":
        """The network that answers, without a taught word."""

    def face(self) -> Face | None:
        """The face that is on the page."""

    def adopt(self, model: "AttributeModel") -> None:
        """Let a network answer that has a taught word, or the one that has lost it."""


@dataclass(frozen=True, eq=False)
class _Sample:
    """A face that was given: whether it is a yes, its features float32 (d,), of which network."""

    yes: bool
    seen: np.ndarray
    network: str


class Teach(View):
    """Take faces that show a word and faces that do not, and teach the network the word.

    Of a face only its features are kept, until it is taken away, all are forgotten, or the page's
    photo is cleared.
    """

    _esm = script("teach")
    _css = source("shared.css", "teach.css")

    def __init__(self, pupil: Pupil) -> None:
        super().__init__()
        self._pupil = pupil
        self._samples: dict[str, _Sample] = {}
        self._head: Head | None = None
        self._introduce()

    def _introduce(self) -> None:
        content = {"most": MOST, "longest": LONGEST_WORD, "note": f"{JUDGEMENT} {ONE_PERSON}"}
        self.show("text", content)

    def offer(self) -> None:
        """Say whether there is a face on the page, that could be given."""
        self.show("offer", {"able": self._pupil.face() is not None})

    def read(self, prediction: "Prediction | None") -> None:
        """Show what is said of the face on the page, if the network in use has the word."""
        self.offer()
        word = self._head.word if self._head else ""
        if prediction is not None and word in prediction.names:
            self.show("face", {"value": prediction[word]})
        else:
            self.show("face", {"value": None})

    def forget(self) -> None:
        """Forget every face that was given; a word that was learned stays."""
        for sample in self._samples.values():
            wipe(sample.seen)
        self._samples.clear()
        self.send({"kind": "emptied"})

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:
        """Take a face, let one go, learn, hand the head over, or forget all."""
        if kind == "photo":
            self._take(content, taken(buffers) if buffers else b"")
        elif kind == "current":
            self._take(content, None)
        elif kind == "remove":
            if sample := self._samples.pop(str(content["id"]), None):
                wipe(sample.seen)
        elif kind == "learn":
            self._learn(str(content["word"]))
        elif kind == "head" and self._head:
            name = "".join(c if c.isalnum() else "-" for c in self._head.word)
            self.send(
                {"kind": "file", "name": f"{name}.safetensors", "type": OCTETS},
                [self._head.as_bytes()],
            )
        elif kind == "forget":
            self._forget_all()

    def _take(self, content: Mapping[str, Any], data: bytes | None) -> None:
        """Take the face of a photo, or where there is none, the one on the page."""
        key = str(content["id"])[:40]
        try:
            thumbnail = self._add(key, data, yes=bool(content["yes"]))
        except Exception as error:  # noqa: BLE001  the next photo may be better
            self.send({"kind": "refused", "id": key, "text": sentence_of(error)})
        else:
            self.send({"kind": "taken", "id": key}, [thumbnail])

    def _add(self, key: str, data: bytes | None, *, yes: bool) -> bytes:
        """Keep the features of a photo's largest face, or of the face on the page."""
        if len(self._samples) >= MOST:
            raise DataError(f"There are {MOST} faces, which is all that fits; take some away.")
        if data is None:
            face = self._pupil.face()
            if face is None:
                raise NoFaceError("There is no face on the page.")
            return self._keep(key, face.crop, yes=yes)
        if not data:
            raise PhotoError("The photo did not arrive; please try it again.")
        photo = read_photo(data, name="The photo", seconds=PATIENCE)
        faces: list[Face] = []
        try:
            faces = find_faces(photo, detector=self._pupil.detector)
            if not faces:
                raise NoFaceError("No face was found in this photo.")
            return self._keep(key, faces[0].crop, yes=yes)
        finally:
            wipe(photo.pixels, *(face.crop for face in faces))

    def _keep(self, key: str, crop: np.ndarray, *, yes: bool) -> bytes:
        base = self._pupil.base
        seen = features(base, crop[None])[0]
        for other in self._samples.values():
            if np.array_equal(other.seen, seen):
                raise DataError("This face is among those that were given already.")
        self._samples[key] = _Sample(yes, seen, base.title)
        return jpeg(crop, longest=LONGEST, quality=80)

    def _learn(self, word: str) -> None:
        base = self._pupil.base
        word = checked_word(word, base.names)
        others = {sample.network for sample in self._samples.values()} - {base.title}
        if others:
            raise DataError(
                f"Some faces were read by {min(others)}; choose that network again, or forget "
                "these faces and give them once more."
            )
        keys = list(self._samples)
        yes = np.array([self._samples[key].yes for key in keys], bool)
        width = 0 if not keys else len(self._samples[keys[0]].seen)
        seen = np.array([self._samples[key].seen for key in keys]).reshape(len(keys), width)
        lesson = teach(base, word, seen, yes)
        self._head = lesson.head
        contrary = [[keys[i], float(lesson.left_out[i])] for i in lesson.contrary(yes)]
        content = {
            "word": word,
            "sentence": lesson.head.sentence,
            "able": lesson.head.can_tell,
            "contrary": contrary,
        }
        self.show("learned", content)
        self._pupil.adopt(TaughtModel(base, lesson.head))

    def _forget_all(self) -> None:
        self.forget()
        had, self._head = self._head is not None, None
        self._shown.clear()
        self.send({"kind": "forgotten"})
        self._introduce()
        self.offer()
        if had:
            self._pupil.adopt(self._pupil.base)
        release()
