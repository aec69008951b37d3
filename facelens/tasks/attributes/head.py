"""A word taught with a few photos: a linear head on the last feature maps, and its file.

The head reads the mean of each of the last feature maps, averaged with the mirrored face where its
base does so. It is linear, so the weighted sum of the maps is its exact activation map, as for the
base's own attributes. How well the network can carry the word is measured by leave-one-out.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.bundles.bundle import EMBEDDED, GARBLED
from facelens.errors import BundleError, DataError, many
from facelens.files import read_file, write_bytes
from facelens.tasks.attributes import ridge
from facelens.tasks.attributes.calibrate import measure
from facelens.tasks.attributes.curves import GRID, Curves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facelens.tasks.attributes.model import AttributeModel

FILE = "head.safetensors"
FORMAT = 1
FEWEST, ENOUGH, MOST = 5, 10, 100  # of yes and of no each; in all
LONGEST_WORD = 40  # characters
LARGEST = 1_000_000  # bytes; the default network's heads have 10 kB
_WIDEST = 65_536  # feature maps
_KEY = "facelens"
_COLUMNS = (
    "precision", "precision_low", "precision_high", "recall", "recall_low", "recall_high", "fpr",
    "fpr_low", "fpr_high", "doubt_low", "doubt_high",
)  # fmt: skip
_SCALARS = ("prevalence", "ap", "ece")
JUDGEMENT = "What you teach is your judgement, not a fact about people."
ONE_PERSON = "Where several photos show one person, the interval is too narrow."


@dataclass(frozen=True, eq=False)
class Head:
    """A taught word.

    `weight`: float32 (d,), `bias`: of the calibrated logit, per mean feature map of the base.
    `base`: the bundle's name as `load_model` takes it, or a folder's last part; `checksum`: sha256
    of its
    `model.onnx`. `yes`, `no`: photos of each. `area`, `low`, `high`: leave-one-out AUC and its 95 %
    interval. `curves`: of the word alone, from leave-one-out probabilities.
    """

    word: str
    weight: np.ndarray
    bias: float
    base: str
    checksum: str
    yes: int
    no: int
    area: float
    low: float
    high: float
    curves: Curves

    @property
    def can_tell(self) -> bool:
        """Whether leave-one-out is clearly better than guessing."""
        return self.low > 0.5

    @property
    def sentence(self) -> str:
        """What leave-one-out says, for a person."""
        area = f"{self.area:.2f} ({self.low:.2f} to {self.high:.2f})"
        photos = f"{self.yes} photos of yes and {self.no} of no"
        if not self.can_tell:
            return (
                f"The network cannot tell “{self.word}” from {photos}: leave-one-out AUC {area} "
                "is not clearly better than guessing, which is 0.50. Every answer is doubtful."
            )
        few = " Give at least ten of each for a narrower interval." if self._few else ""
        return (
            f"The network tells “{self.word}” {_how_well(self.low)}: leave-one-out AUC {area} from "
            f"{photos}. Of a yes and a no that it has not seen, it puts the yes first "
            f"{round(100 * self.area)} times of 100.{few}"
        )

    @property
    def _few(self) -> bool:
        return min(self.yes, self.no) < ENOUGH

    def as_bytes(self) -> bytes:
        """The head as the bytes of a safetensors file: nothing of a single photo is in it."""
        from safetensors.numpy import save

        about = {
            "format": FORMAT, "word": self.word, "base": self.base, "checksum": self.checksum,
            "yes": self.yes, "no": self.no, "auc": [self.area, self.low, self.high],
        }  # fmt: skip
        tensors = {
            "weight": np.ascontiguousarray(self.weight, np.float32),
            "bias": np.array([self.bias], np.float32),
            "curves": self._shares(_COLUMNS),
            "scalars": self._shares(_SCALARS),
        }
        return save(tensors, metadata={_KEY: json.dumps(about)})

    def _shares(self, names: tuple[str, ...]) -> np.ndarray:
        """Columns of the curves, float32; what rounding has put outside 0 to 1 is put back."""
        shares = np.stack([getattr(self.curves, name)[0] for name in names])
        return np.clip(shares, 0, 1).astype(np.float32)

    def save(self, path: Path) -> None:
        """Write the head to `path`, a .safetensors file."""
        write_bytes(path, self.as_bytes())


def _how_well(low: float) -> str:
    return "well" if low >= 0.8 else "fairly" if low >= 0.65 else "weakly"


@dataclass(frozen=True, eq=False)
class Lesson:
    """A head, and what leave-one-out said of each photo, float64 (n,), from 0 to 1."""

    head: Head
    left_out: np.ndarray

    def contrary(self, yes: np.ndarray, most: int = 5) -> list[int]:
        """The photos that leave-one-out contradicts, the most contrary first.

        Empty where the network cannot tell, for then it contradicts nobody.
        """
        wrong = np.where(yes, 1 - self.left_out, self.left_out)
        order = np.argsort(-wrong, kind="stable")[:most]
        return [int(i) for i in order if wrong[i] > 0.5] if self.head.can_tell else []


def features(model: "AttributeModel", crops: "np.ndarray") -> np.ndarray:
    """The means of the last feature maps, float32 (n, d), of crops uint8 (n, 218, 178, 3)."""
    return np.mean([maps.mean((2, 3)) for maps in last_maps(model, crops)], 0)


def last_maps(model: "AttributeModel", crops: np.ndarray) -> list[np.ndarray]:
    """The last feature maps of crops, float32 (n, d, h, w).

    Also those of the crops' mirror images, not mirrored back, if the network averages both.
    """
    view = last_view(model)
    wanted = {view.output: view.shape}
    found = model.outputs(wanted, crops)
    if model.config.flip_average:
        found += model.outputs(wanted, np.ascontiguousarray(crops[:, :, ::-1]))
    return found


def last_view(model: "AttributeModel") -> Any:
    """The layer that the answers are read from.

    Raises:
        BundleError: the bundle does not give it.
    """
    for view in model.config.layers:
        if view.name == model.config.map_layer:
            return view
    raise BundleError(f"{model.title} does not give its last feature maps; teach another network.")


def checked_word(word: str, names: "Sequence[str]") -> str:
    """The word as it will be shown.

    Raises:
        DataError: it is empty, too long, not printable, or one of `names`.
    """
    word = " ".join(word.replace("_", " ").split())
    if not word or not word.isprintable():
        raise DataError("Give the word in letters that can be shown.")
    if len(word) > LONGEST_WORD:
        raise DataError(f"Give a word of at most {LONGEST_WORD} characters.")
    if word.lower() in {name.replace("_", " ").lower() for name in names}:
        raise DataError(f"The network answers “{word}” already; choose another word.")
    return word


def teach(model: "AttributeModel", word: str, seen: np.ndarray, yes: np.ndarray) -> Lesson:
    """Fit `word` on features float (n, d) of photos, of which those where bool (n,) `yes` show it.

    Probabilities are those of leave-one-out logits (Platt, 1999), both answers weighing the same:
    0.5 is as likely as not where half of the faces are a yes.

    Raises:
        DataError: the word does not do, or there are too few or too many photos.
    """
    if hasattr(model, "head"):
        raise DataError(f"{model.title} has a taught word already; teach the network itself.")
    word = checked_word(word, model.names)
    check_counts(int(yes.sum()), int((~yes).sum()))
    found = ridge.fit(seen, yes)
    slope, shift = ridge.platt(found.left_out, yes)
    left_out = 1 / (1 + np.exp(-np.clip(slope * found.left_out + shift, -80, 80)))
    area = ridge.auc(found.left_out, yes)
    low, high = ridge.auc_interval(area, int(yes.sum()), int((~yes).sum()))
    curves = measure((word,), left_out[:, None], yes[:, None])
    if low <= 0.5:  # whatever it says is doubtful
        curves.doubt_low[:], curves.doubt_high[:] = 0, 1
    bundle = model.bundle
    named = bundle.folder.name if bundle.source in (EMBEDDED, str(bundle.folder)) else bundle.source
    head = Head(
        word=word,
        weight=(slope * found.weight).astype(np.float32),
        bias=slope * found.bias + shift,
        base=named,
        checksum=str(bundle.files["model.onnx"]["sha256"]),
        yes=int(yes.sum()),
        no=int((~yes).sum()),
        area=area,
        low=low,
        high=high,
        curves=curves,
    )
    return Lesson(head, left_out)


def check_counts(yes: int, no: int) -> None:
    """Refuse too few or too many photos.

    Raises:
        DataError: says how many there should be.
    """
    if min(yes, no) < FEWEST:
        raise DataError(
            f"There are faces in {many(yes, 'photo')} of yes and {no} of no; give at least "
            f"{FEWEST} of each, better {ENOUGH} to {MOST // 2}."
        )
    if yes + no > MOST:
        raise DataError(
            f"There are {yes + no} photos; give at most {MOST} in all. With more, train a network: "
            "facelens train."
        )


def read_head(path: Path) -> Head:
    """Read a head's file.

    Raises:
        BundleError: it cannot be read, or is not a head.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        data = read_file(path, LARGEST)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        size = int.from_bytes(data[:8], "little")
        about = json.loads(json.loads(data[8 : 8 + size])["__metadata__"][_KEY])
        tensors = load(data)
    except (SafetensorError, *GARBLED) as error:
        raise BundleError(
            f"{path} is not a head that Facelens has taught, or is damaged."
        ) from error
    try:
        if (newest := int(about["format"])) > FORMAT:
            raise BundleError(
                f"{path} is a head of format {newest}; this Facelens reads up to {FORMAT}: update "
                "Facelens."
            )
        return _head(about, tensors, path)
    except GARBLED as error:
        raise BundleError(f"{path} lacks or garbles {error}.") from error


def _head(about: dict[str, Any], tensors: dict[str, np.ndarray], path: Path) -> Head:
    """The head that a file's metadata and tensors make, checked."""
    weight, bias = tensors["weight"], tensors["bias"]
    curves, scalars = tensors["curves"], tensors["scalars"]
    if (
        any(each.dtype != np.float32 for each in (weight, bias, curves, scalars))
        or weight.ndim != 1
        or not 0 < len(weight) <= _WIDEST
        or bias.shape != (1,)
        or curves.shape != (len(_COLUMNS), len(GRID))
        or scalars.shape != (len(_SCALARS),)
    ):
        raise BundleError(f"{path} has tables of another shape than a head's.")
    numbers = [*map(float, about["auc"])]
    if not (np.isfinite(weight).all() and np.isfinite(bias).all() and np.abs(weight).max() < 1e6):
        raise BundleError(f"{path} has weights that are no numbers, or too large.")
    known = [*curves[np.isfinite(curves)], *scalars[np.isfinite(scalars)], *numbers]
    if len(numbers) != 3 or not all(0 <= number <= 1 for number in known):
        raise BundleError(f"{path} has shares that are not from 0 to 1.")
    word, base, checksum = str(about["word"]), str(about["base"]), str(about["checksum"])
    try:
        checked_word(word, ())
    except DataError as error:
        raise BundleError(f"{path} names its word in a way that cannot be shown.") from error
    if not base.isprintable() or len(base) > 200:
        raise BundleError(f"{path} names its network in a way that cannot be shown.")
    yes, no = int(about["yes"]), int(about["no"])
    if not (0 < yes <= MOST and 0 < no <= MOST):
        raise BundleError(f"{path} states a number of photos that cannot be.")
    columns = {name: row[None] for name, row in zip(_COLUMNS, curves, strict=True)}
    columns |= {name: value[None] for name, value in zip(_SCALARS, scalars, strict=True)}
    area, low, high = numbers
    own = Curves((word,), **columns)
    return Head(word, weight, float(bias[0]), base, checksum, yes, no, area, low, high, own)
