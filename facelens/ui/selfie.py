"""The page for one photo: every view, and the road from photo to picture between them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from time import perf_counter

import ipywidgets
import numpy as np

from facelens.bundles.find import is_repository
from facelens.errors import BundleError, DownloadError, FacelensError
from facelens.explain.exchange import Region, exchange
from facelens.explain.maps import Evidence, shown_first
from facelens.explain.stem import Stem, stem
from facelens.explain.whiskers import whiskers
from facelens.faces import Face, align, detector_in_use, find_faces
from facelens.photo import Photo, read_photo
from facelens.serve.offered import choose, offered, page_tasks, tried
from facelens.tasks import DEFAULT, TASKS, load_model
from facelens.tasks.attributes.model import AttributeModel
from facelens.tasks.attributes.telling import most_telling
from facelens.tasks.attributes.weak import weak
from facelens.tasks.base import Layer
from facelens.tasks.classifier import Prediction
from facelens.ui import missed
from facelens.ui._view import PATIENCE, jpeg, sentence_of
from facelens.ui.about import About
from facelens.ui.board import Board, ReportRequest
from facelens.ui.compare import Compare, Reading
from facelens.ui.covering import Covering
from facelens.ui.footer import Footer, agreement
from facelens.ui.heatmap import Heatmap
from facelens.ui.inside import Inside
from facelens.ui.intake import Intake
from facelens.ui.network import Network, told
from facelens.ui.panel import Panels, Scene
from facelens.ui.picture import Picture
from facelens.ui.steps import Steps, able
from facelens.ui.takehome import FORMS, origin, take_home
from facelens.ui.teach import Teach
from facelens.ui.wipe import overwrite_freed, release, wipe

DETECTORS = {
    "yunet": "faces found by YuNet",
    "own": "faces found by our own finder",
    "haar": "faces found by Haar cascades",
    "hog": "faces found by dlib's HOG",
}


class Selfie(ipywidgets.Box):
    """The dashboard: one visitor, one photo at a time, kept in memory until cleared."""

    moving = False

    def __init__(
        self, model: str | AttributeModel | None = None, *, detector: str | None = None
    ) -> None:
        overwrite_freed()
        self._wanted, self._detector = model, detector
        self._taught = ""
        self._model: AttributeModel | None = None
        self._name = ""
        self._loaded: dict[str, AttributeModel] = {}
        self._choice: str | None = None
        self._chosen = False  # by the visitor, for the face on the page
        self._covering: Covering | None = None
        self._photo: Photo | None = None
        self._photos = 0
        self._faces: list[Face] = []
        self._answers: list[Prediction] = []
        self._spread: dict[str, np.ndarray] = {}  # whiskers of faces, for a report
        self._picked: int | None = None
        self._kept: Reading | None = None
        self._layers: list[Layer] = []
        self._stages: dict[str, float] = {}
        self.intake = self._input()
        self.picture = Picture(self.pick)
        self.heatmap = Heatmap(self.choose, self.look_again, self.locate)
        self.board = Board(self.choose, self.report, self.whisk)
        self.panels = Panels(page_tasks(), self.heatmap, self._doubt)
        self.compare = Compare(self.keep, self.drop, self.exchange)
        self.inside = Inside(self.open_layer)
        self.steps = Steps(self.walk)
        self.teach = Teach(self)
        self.network = Network(self.switch)
        self.about = About()
        self.footer = Footer("live" if self.moving else "selfie")
        above, stays = [self.intake], [self.picture, self.heatmap]
        if self.moving:  # it stays in sight beside the rows; where a photo is chosen need not
            above, stays = [], above + stays
        seen = ipywidgets.Box(stays)
        left = ipywidgets.Box([*above, seen])
        further = [self.compare, self.inside, self.steps, self.teach]
        right = ipywidgets.Box([self.network, self.board, *self.panels.views, *further])
        foot = ipywidgets.Box([self.about, self.footer])
        for column in (seen, left, right):
            column.add_class("facelens-column")
        foot.add_class("facelens-foot")
        super().__init__([left, right, foot])
        self.add_class("facelens-page")
        if self.moving:
            self.add_class("facelens-moving")

    def _input(self) -> Intake:
        """Where photos come in."""
        return Intake(self.take, self.forget, self.warm_up, self.search)

    @property
    def model(self) -> AttributeModel:
        """The network, loaded on first use."""
        if self._model is None:
            wanted = self._wanted
            if isinstance(wanted, AttributeModel):
                self._use(wanted, wanted.title)
            else:
                self._load(wanted or next(iter(offered())))
        assert self._model is not None
        return self._model

    def _load(self, name: str) -> None:
        """Let the network `name` answer, or the embedded one if the Hub does not give it."""
        try:
            model = load_model(name, task=DEFAULT, progress=told(name, self.intake.tell))
            self._use(tried(model), name)
        except (DownloadError, BundleError) as error:
            if not is_repository(name):
                raise
            default = tried(load_model(TASKS[DEFAULT].default))
            self._use(default, TASKS[DEFAULT].default)
            self.intake.tell(f"{sentence_of(error)} Meanwhile {default.title} answers.")
        else:
            if is_repository(name):
                self.intake.tell("")

    def _use(self, model: AttributeModel, name: str) -> None:
        """Let `model` answer from now on, which was asked for as `name`."""
        # What may fail comes first: the network before stays in use, all of it.
        facts = [origin(model), DETECTORS[detector_in_use(self._detector)], model.config.licence]
        self.board.introduce(model, self.network.key(name) if name in offered()[1:] else None)
        self._model, self._name = model, name
        self._loaded[name] = model
        self._stem: Stem | None = None
        self.network.introduce(model, name)
        self.footer.introduce([*facts, *agreement(model)])

    def switch(self, name: str) -> None:
        """Let another of the offered networks answer, for the face that is on the page too."""
        if self._model is not None and name == self._name:
            return
        # What was in use may be used again, be it a folder that only the page's author may name.
        model = self._loaded.get(name) or choose(name, told(name, self.network.tell))
        with self._timed("network"):
            answers = model.predict(self._faces, maps=True)
        self._use(model, name)
        self.intake.tell("")
        if self._faces:
            self._answers = answers
            self._turn(self._picked or 0, anew=False)
            self._say_found(f"you see face {(self._picked or 0) + 1}")

    @property
    def detector(self) -> str | None:
        """How faces are found on this page, as for `find_faces`."""
        return self._detector

    @property
    def base(self) -> AttributeModel:
        """The network that answers, without a taught word."""
        return getattr(self.model, "base", self.model)

    def face(self) -> Face | None:
        """The face that is on the page."""
        return None if self._picked is None else self._faces[self._picked]

    def adopt(self, model: AttributeModel) -> None:
        """Let a network with a taught word answer, turned to it, or its base without one."""
        self._loaded.pop(self._taught, None)
        self.network.withdraw(self._taught)
        base = next((name for name, each in self._loaded.items() if each is self.base), self._name)
        head = getattr(model, "head", None)
        name = self._taught = model.title if head else ""
        self._loaded[name or base] = model
        self._choice, self._chosen = (head.word, True) if head else (None, False)
        self._name = ""  # a word that is learned again replaces itself
        self.switch(name or base)

    def warm_up(self) -> None:
        """Load the network while the visitor looks for a photo."""
        tried(self.model)

    def take(self, data: bytes, name: str) -> None:
        """Read a photo, find its faces and show the largest; an unreadable one changes nothing."""
        with self._timed("photo"):
            photo = read_photo(data, name=name, seconds=PATIENCE)
        reading = self._stages["photo"]
        self._leave()
        self._photo, self._stages["photo"] = photo, reading
        self.intake.say("Looking for faces…")
        with self._timed("faces"):
            self._faces = find_faces(photo, detector=self._detector)
        if _too_coarse(self._faces) and self.intake.more():
            self._leave()
            return
        self._show(self._first() if self._faces else 0)

    def search(self, how: str, box: missed.Shares | None) -> None:
        """Look for a missed face: in the photo rotated, by a finer search, in a drawn `box`."""
        if self._photo is None:
            return
        self.intake.say("Looking for faces…")
        with self._timed("faces"):
            found = missed.search(self._photo, self._faces, how, box, self._detector)
        if found is None:
            self.intake.say(*missed.in_vain(how, self._faces))
            return
        if found.photo is not self._photo:
            wipe(self._photo.pixels)
        self._photo, self._faces = found.photo, list(found.faces)
        self._show(found.first, missed.in_vain(how, [])[0])

    def _show(self, first: int, in_vain: str = "") -> None:
        """Show the photo, and of its faces the `first`; without one say that, by default why."""
        assert self._photo
        self._photos += 1
        if not self._faces:
            self._draw()
            self.panels.turn(Scene(str(self._photos), self._photo, []))
            self.intake.say(in_vain or missed.why(self._photo, self._detector), "none")
            return
        self.intake.say("Asking the network…")
        try:
            model = self.model
            with self._timed("network"):
                self._answers = model.predict(self._faces, maps=True)
        except FacelensError:
            self._draw()
            raise
        self._turn(first, fresh=True)
        self._say_found("the largest is chosen" if first == 0 else f"you see face {first + 1}")

    def _draw(self) -> None:
        assert self._photo
        self.picture.draw(self._photo, self._faces, more=not self.moving)

    def _first(self) -> int:
        """Which face of a fresh photo the page turns to: the largest."""
        return 0

    def _say_found(self, which: str) -> None:
        count = len(self._faces)
        self.intake.say(
            "Found one face." if count == 1 else f"Found {count} faces; {which}.", "done"
        )

    def pick(self, index: int) -> None:
        """Turn the page to face `index` of the photo."""
        if 0 <= index < len(self._answers):
            self._turn(index)
            self._say_found(f"you see face {index + 1}")

    def _turn(self, index: int, *, anew: bool = True, fresh: bool = False) -> None:
        """Turn the page to face `index`: `anew`, or to what another network reads in it.

        The answer is sent first and a `fresh` photo after it: encoding one takes longer than to
        ask the network.
        """
        self._picked = index
        self._layers = []
        model, face, answer = self.model, self._faces[index], self._answers[index]
        self._read(index)
        if fresh:
            self._draw()
        self.picture.mark(index)
        picture = jpeg(face.crop, quality=92)
        self.heatmap.draw(
            picture, index + 1, len(self._faces), model, answer, marks=self.panels.have_points
        )
        self.heatmap.light(
            Evidence("map", _maps(answer), 1), self._stages["network"] / len(self._faces)
        )
        self._covering = Covering(model, face.crop)
        if anew or self._choice not in model.names:
            self._choice, self._chosen = self._opening(answer), False
        if self._choice is not None:
            self._look_for(self._choice)
        self.inside.offer(model, picture)
        self.steps.offer(model)
        self.teach.read(answer)
        self.about.show_face(model.names, answer.logits / model.config.temperature)
        self._set_beside()
        self.footer.time(self._stages)
        self.network.took(self._name, self._stages["network"] / len(self._faces))
        assert self._photo
        self.panels.turn(Scene(self._key(index), self._photo, self._faces, index, model, answer))

    def _read(self, index: int) -> None:
        face = self._faces[index]
        wrong = weak(self.model.config.metrics, face)
        self.board.read(self._answers[index], face.hints, self._key(index), wrong)

    def _doubt(self) -> None:
        """Show what is in the way of reading the faces, which another task has found."""
        self.picture.hint(self._faces)
        self._read(self._picked or 0)

    def _key(self, index: int) -> str:
        """A name for face `index` of this photo as this network reads it."""
        return f"{self._photos}-{index}-{list(self._loaded).index(self._name)}"

    def whisk(self, key: str) -> None:
        """Show how far the answers about the face `key` move, if it is still on the page."""
        if self._picked is None or self._photo is None or key != self._key(self._picked):
            return
        face, answer = self._faces[self._picked], self._answers[self._picked]
        found = whiskers(self.model, face, answer, self._photo.pixels)
        self._spread[key] = np.stack([found.low, found.high])
        self.board.whisk(key, found)

    def _opening(self, answer: Prediction) -> str | None:
        """Which attribute a face that is new to the page opens on."""
        return most_telling(self.model, answer)

    def choose(self, name: str) -> None:
        """Turn to attribute `name`, on the board and on the map."""
        if self._picked is None or name not in self.model.names:
            return
        self._choice, self._chosen = name, True
        self._look_for(name)

    def _look_for(self, name: str) -> None:
        self.heatmap.choose(name)
        self.board.choose(name)

    def look_again(self, way: str, task: str = "") -> None:
        """Ask in another `way` where the network looks, or that of another `task`."""
        if task:
            self.panels.look_again(way, task)
        elif self._covering is not None:
            self._covering.answer(self.heatmap, way)

    def locate(self) -> None:
        """Show the fifteen points of the face that is on the page."""
        self.panels.locate()

    def keep(self) -> None:
        """Keep the face that is on the page, to set others beside it."""
        if self._picked is not None:
            self._drop()
            self._kept = self._reading(self._picked)
            self.compare.kept(self._kept)

    def drop(self) -> None:
        """Let the kept face go."""
        self._drop()
        self._set_beside()

    def exchange(self, region: Region) -> None:
        """Put a region of the kept face into the one on the page, and ask what that changes."""
        if self._picked is None or self._kept is None:
            return
        face = self._faces[self._picked]
        crop = exchange(face.crop, self._kept.face.crop, region)
        (answer,) = self.model.predict([crop])
        self.compare.exchanged(region, crop, self._answers[self._picked], answer)
        wipe(crop)

    def _drop(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None and not any(kept.face.crop is face.crop for face in self._faces):
            wipe(kept.face.crop)

    def _set_beside(self) -> None:
        if self._picked is None:
            return
        if self._kept is None:
            self.compare.offer()
            return
        reading = self._reading(self._picked)
        if reading.prediction is self._kept.prediction:
            self.compare.kept(self._kept)
        else:
            self.compare.draw(self._kept, reading)

    def _reading(self, index: int) -> Reading:
        return Reading(self._faces[index], self._answers[index], origin(self.model))

    def open_layer(self, name: str) -> None:
        """Show the feature maps of layer `name`."""
        for layer in self._all_layers():
            if layer.name == name:
                self.inside.draw(layer)

    def walk(self, channel: int | None) -> None:
        """Walk the face through filter `channel` of the first layer."""
        layers = self._all_layers()
        if self._picked is not None and able(self.model):
            self.steps.draw(self._faces[self._picked].crop, layers, self._first_layer(), channel)

    def _all_layers(self) -> list[Layer]:
        if self._picked is not None and not self._layers:
            self._layers = self.model.layers(self._faces[self._picked].crop)
        return self._layers

    def _first_layer(self) -> Stem | None:
        if self._stem is None:
            try:
                self._stem = stem(self.model)
            except BundleError:  # from the Hub it comes without its training weights
                return None
        return self._stem

    def report(self, wish: ReportRequest) -> None:
        """Hand the visitor what is on the page as a file."""
        if self._picked is None or self._photo is None or wish.form not in FORMS:
            return
        spread = self._spread.get(self._key(self._picked))
        file = take_home(
            wish, self.model, photo=self._photo, faces=self._faces, index=self._picked,
            answer=replace(self._answers[self._picked], spread=spread), where=self._leading_map(),
            chosen=self._choice if self._chosen else None,
            detector=DETECTORS[detector_in_use(self._detector)], further=self.panels.further(),
        )  # fmt: skip
        self.board.hand_over(*file)

    def _leading_map(self) -> Evidence:
        """The map that the page shows first, or the exact one while that is not there yet."""
        assert self._picked is not None
        check = self._covering.evidence if self._covering else None
        if check is not None and shown_first(self.model.config.metrics) == "occlusion":
            return check
        return Evidence("map", _maps(self._answers[self._picked]), 1)

    def forget(self) -> None:
        """Let go of the photo, of the face that was kept, and of all that was made of them."""
        self._drop()
        self.teach.forget()
        self._let_go()

    def _let_go(self) -> None:
        photo = self._photo
        self._leave()
        self.intake.clear()
        if photo:
            # Detector and network keep buffers of their own: these see black of the same size.
            with suppress(FacelensError):
                find_faces(black := Photo(np.zeros_like(photo.pixels)), detector=self._detector)
                self.model.check()
                self.panels.overwrite(black)
        release()

    def _leave(self) -> None:
        """Let go of the photo that is on the page, and zero it; a face that was kept stays."""
        kept = self._kept.face.crop if self._kept else None
        wipe(
            *([self._photo.pixels] if self._photo else []),
            *(face.crop for face in self._faces if face.crop is not kept),
            *(layer.maps for layer in self._layers),
        )
        self._photo, self._picked = None, None
        self._choice, self._chosen, self._covering = None, False, None
        self._faces, self._answers, self._layers = [], [], []
        self._stages, self._spread = {}, {}
        for view in (
            self.picture, self.heatmap, self.board, self.panels, self.compare, self.inside,
            self.steps, self.about, self.footer,
        ):  # fmt: skip
            view.clear()
        self.teach.read(None)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self._stages[stage] = 1000 * (perf_counter() - start)


def _too_coarse(faces: list[Face]) -> bool:
    """Whether a photo with more pixels would give other crops, or show other faces."""
    sharp = (
        align.TEMPLATE_BOX.w / align.MIN_SCALE
    )  # px; larger faces are averaged down for the crop
    return not faces or min(face.box.w for face in faces) < sharp


def _maps(answer: Prediction) -> np.ndarray:
    """The activation maps of an answer that was asked for with them."""
    assert answer.maps is not None
    return answer.maps


def selfie(model: str | AttributeModel | None = None, *, detector: str | None = None) -> Selfie:
    """Open the dashboard.

    Args:
        model: a loaded network, or what `facelens.load_model` takes.
        detector: as in `facelens.find_faces`.
    """
    return Selfie(model, detector=detector)
