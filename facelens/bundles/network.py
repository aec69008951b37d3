"""The graph of a bundle, ready to answer: a stranger's is tried and timed, every answer checked."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from facelens.bundles.bundle import GARBLED, MANIFEST, Bundle
from facelens.bundles.find import embedded_folder
from facelens.bundles.graph import check_graph
from facelens.bundles.session import BATCH, failures, open_session, options
from facelens.bundles.trial import try_graph
from facelens.errors import BundleError
from facelens.files import sha256_of

if TYPE_CHECKING:
    import onnxruntime

SECONDS = 20.0  # for a batch of a stranger's network; the embedded ones take 0.02 s
# No network answers with such numbers unless it is broken, and divided by a temperature they would
# be infinite.
LARGEST = 1e9


class Network:
    """A graph whose answers are float32 of the right shape, and finite.

    `where`: what sentences call it. `stranger`: whether its runs are ended after `SECONDS`.
    """

    def __init__(
        self, session: "onnxruntime.InferenceSession", where: object, *, stranger: bool
    ) -> None:
        self.session, self.where, self._stranger = session, where, stranger
        self.takes = [(put.name, put.type, put.shape[1:]) for put in session.get_inputs()]
        self.gives = {put.name: put.shape[1:] for put in session.get_outputs()}

    def run(
        self, outputs: Mapping[str, Sequence[int | None]], batch: np.ndarray
    ) -> list[np.ndarray]:
        """Run the graph on a batch: an array for each of `outputs`, float32 (n, …).

        Args:
            outputs: their names, and the shape of each for one picture; None for any side.
            batch: the graph's only input.

        Raises:
            BundleError: it fails, takes too long, or answers with something else.
        """
        import onnxruntime

        settings = onnxruntime.RunOptions()
        # Outputs that were not requested are not computed.
        settings.only_execute_path_to_fetches = True
        try:
            with self._timed(settings):
                answers = self.session.run(list(outputs), {self.takes[0][0]: batch}, settings)
        except failures() as error:
            if settings.terminate:
                raise BundleError(
                    f"The graph of {self.where} took longer than {SECONDS:.0f} s; stopped."
                ) from None
            raise BundleError(f"The graph of {self.where} failed on a face.") from error
        for (name, shape), values in zip(outputs.items(), answers, strict=True):
            self._check(name, values, (len(batch), *shape))
        return answers

    def _check(self, name: str, values: np.ndarray, shape: tuple[int | None, ...]) -> None:
        if (
            not isinstance(values, np.ndarray)
            or values.dtype != np.float32
            or values.ndim != len(shape)
            or not values.size
            or any(side not in (None, own) for side, own in zip(shape, values.shape, strict=True))
        ):
            raise BundleError(f"The graph of {self.where} answers with {name} of another shape.")
        # NaN compares as false.
        if not (values.min() >= -LARGEST and values.max() <= LARGEST):
            raise BundleError(
                f"The graph of {self.where} answers with {name} that are no numbers, or too large."
            )

    @contextmanager
    def _timed(self, settings: "onnxruntime.RunOptions") -> Iterator[None]:
        """End a stranger's run after `SECONDS`: ONNX Runtime looks between two operators."""
        if not self._stranger:
            yield
            return

        def end() -> None:
            settings.terminate = True

        timer = threading.Timer(SECONDS, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def open_graph(bundle: Bundle, shape: Sequence[int], *, threads: int | None = None) -> Network:
    """Open the graph of a bundle from the very bytes that were verified.

    A graph that does not come with Facelens is checked and tried first.

    Args:
        bundle: whose `model.onnx` it is.
        shape: of one picture, as the graph takes it.
        threads: as in `open_session`.

    Raises:
        BundleError: it is damaged or refused, or does not run.
    """
    graph, where = bundle.read("model.onnx"), bundle.folder
    # A graph may keep weights in external files, under ONNX's key "location": the manifest does not
    # cover those.
    if b"location" in graph:
        raise BundleError(f"The graph of {where} reads other files; refused.")
    stranger = sha256_of(graph) not in _shipped()
    if stranger:
        check_graph(graph, where)
        shapes = [(count, *shape) for count in range(1, BATCH + 1)]
        try_graph(graph, shapes, where, options=options())
    try:
        return Network(open_session(graph, threads=threads), where, stranger=stranger)
    except failures() as error:
        raise BundleError(f"The graph of {where} cannot be run.") from error


@cache
def _shipped() -> frozenset[str]:
    """The checksums of the graphs that come with Facelens."""
    found = set()
    for path in embedded_folder(".").glob(f"*/{MANIFEST}"):
        try:
            files = json.loads(path.read_bytes())["files"]
            found |= {entry["sha256"] for name, entry in files.items() if name.endswith(".onnx")}
        except GARBLED:
            continue
    return frozenset(found)
